import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/agents/generator.ts';
import { NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';
import { candidateSource, createScriptedGenerator } from '../../support/agents/scripted-generator.ts';

const rig = campaignRig();
const [RICH, POOR] = ['vector_add', 'rmsnorm'];

const draftOf = (source: string): Answer => ({
  ok: true,
  draft: { language: 'cuda', source, params: {}, idea: '', note: '' },
  usage: { ...NO_USAGE, outputTokens: 1, micros: 100 },
});

/** It betters one of two problems each time, the other never. */
const writer = () =>
  createScriptedGenerator({
    name: 'writer',
    reserveMicros: 100,
    answer: (number, { problem }) => draftOf(candidateSource(number, `speedup ${problem.name === RICH ? 1 + number / 10 : 0.5}`)),
  });

const questionsOf = async (wish: object) => {
  const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [writer()]);
  const budget = { candidates: 70, usd: 1 };
  const { id } = await campaigns.create(
    request({ problems: [RICH, POOR], agents: 4, budget, generators: [{ name: 'writer' }], ...wish }),
  );
  const view = await until(campaigns, id, isFinished);
  const rows = (await generationsOf(campaigns, id)).filter(({ move }) => move !== 'seed');
  const asked = (name: string): number => rows.filter(({ problem }) => problem === name).length;
  const { text } = await campaigns.report(id, { format: 'markdown' });
  return { view, rows, text, rich: asked(RICH), poor: asked(POOR) };
};

describe('a campaign over several problems', () => {
  test('asks where improvement is cheapest, starves nobody, has agents take another problem, and says what was earned where', async () => {
    const { view, rows, rich, poor, text } = await questionsOf({ turns: 2 });
    expect(rich).toBeGreaterThan(2 * poor);
    expect(poor).toBeGreaterThanOrEqual(8);
    expect(rows.some(({ agent, problem }) => rows.some((other) => other.agent === agent && other.problem !== problem))).toBe(
      true,
    );
    const earned = Object.fromEntries((view.earnedOn ?? []).map((row) => [row.problem, row]));
    expect(earned[RICH]).toMatchObject({ asked: rich, device: 'H100' });
    expect(earned[RICH]?.accepted).toBeGreaterThan(10);
    expect(earned[POOR]).toMatchObject({ asked: poor });
    expect(text).toContain('## What was earned on each problem');
    expect(text).toMatch(/\| `vector_add` \| `H100` \| \d+ \| \d+ \| \d+ \| [\d.]+x \|/);
  });

  test.each([{ targets: 'even' }, { mix: 'fixed' }])('asks in turn where it is told %o', async (wish) => {
    const { rich, poor } = await questionsOf({ turns: 2, ...wish });
    expect(Math.abs(rich - poor)).toBeLessThan((rich + poor) / 5);
  });
});
