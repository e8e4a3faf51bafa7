import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/agents/generator.ts';
import { NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';
import { candidateSource, createScriptedGenerator } from '../../support/agents/scripted-generator.ts';

const rig = campaignRig();
const CANDIDATES = 60;

const draftOf = (source: string): Answer => ({
  ok: true,
  draft: { language: 'cuda', source, params: {}, idea: '', note: '' },
  usage: { ...NO_USAGE, outputTokens: 1, micros: 100 },
});

/** One betters the best each time, the other never. */
const good = () =>
  createScriptedGenerator({
    name: 'good',
    reserveMicros: 100,
    answer: (number) => draftOf(candidateSource(number, `speedup ${1 + number / 10}`)),
  });
const poor = () =>
  createScriptedGenerator({
    name: 'poor',
    reserveMicros: 100,
    answer: (number) => draftOf(candidateSource(1000 + number, 'speedup 0.5')),
  });
const GENERATORS = [{ name: 'good' }, { name: 'poor' }];
const BUDGET = { candidates: CANDIDATES, usd: 1 };

describe('a campaign that learns its mix', () => {
  test('gives its questions to who betters the best, and says what each move earned', async () => {
    const generators = [good(), poor()];
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), generators);
    const { id } = await campaigns.create(request({ agents: 2, turns: 1, generators: GENERATORS, budget: BUDGET }));
    const view = await until(campaigns, id, isFinished);
    const asked = generators.map((generator) => generator.asked.length);
    expect(asked[0]).toBeGreaterThan(2 * (asked[1] ?? 0));
    expect(asked[1]).toBeGreaterThan(0);
    const accepted = (name: string): number =>
      (view.earned ?? []).filter(({ generator }) => generator === name).reduce((sum, row) => sum + row.accepted, 0);
    expect(accepted('good')).toBeGreaterThan(10);
    expect(accepted('poor')).toBeLessThanOrEqual(1);
    const rows = await generationsOf(campaigns, id);
    expect(rows.filter(({ state }) => state.status === 'judged' && state.gain !== undefined)).toHaveLength(
      accepted('good') + accepted('poor'),
    );
    const { text } = await campaigns.report(id, { format: 'markdown' });
    expect(text).toContain('## What moves earned');
    expect(text).toMatch(/\| `good` \| refine \| \d+ \| \d+ \| \d+ \| [\d.]+x \| \$[\d.]+ \| \$[\d.]+ \|/);
  });

  test('shares its questions evenly where the mix is fixed', async () => {
    const generators = [good(), poor()];
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), generators);
    const { id } = await campaigns.create(request({ agents: 2, turns: 1, mix: 'fixed', generators: GENERATORS, budget: BUDGET }));
    await until(campaigns, id, isFinished);
    const [first = 0, second = 0] = generators.map((generator) => generator.asked.length);
    expect(Math.abs(first - second)).toBeLessThan(CANDIDATES / 4);
  });

  test('knows after a restart what was earned', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const store = rig.store();
    const before = await rig.campaigns(judging, [good(), poor()], store);
    const spec = { agents: 2, turns: 1, generators: GENERATORS, budget: { candidates: 1000, usd: 1 } };
    const { id } = await before.create(request(spec));
    await until(before, id, ({ generations }) => generations.judged >= 30);
    await before.pause(id);
    const paused = await until(before, id, ({ thinking, waitingForVerdict }) => thinking + waitingForVerdict === 0);
    await before.close();
    const after = await rig.campaigns(judging, [good(), poor()], store);
    const again = await until(after, id, ({ earned }) => earned !== undefined);
    expect(again.earned).toEqual(paused.earned);
    await after.resume(id);
    await until(after, id, ({ generations }) => generations.judged >= 50);
    // What was best before is what is to be bettered now: the good one begins at the bottom again.
    const best = paused.best[0]?.best?.speedup ?? 0;
    const rows = (await generationsOf(after, id)).slice(paused.generations.judged);
    const gains = rows.flatMap(({ state }) =>
      state.status === 'judged' && state.gain !== undefined ? [state.speedup ?? 0] : [],
    );
    expect(rows.length).toBeGreaterThan(10);
    expect(gains.filter((speedup) => speedup <= best)).toEqual([]);
    await after.stop(id);
  });
});
