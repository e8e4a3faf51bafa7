import { describe, expect, test } from 'vitest';
import type { DiagnosisAnswer } from '../../../src/agents/generator.ts';
import { Campaign, type GenerationState, NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import { CampaignId, generationIdOf } from '../../../src/domain/ids.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';
import { candidateSource, createScriptedGenerator } from '../../support/agents/scripted-generator.ts';

const rig = campaignRig();
const USAGE = { ...NO_USAGE, outputTokens: 5, micros: 30 };
const DIAGNOSING = { by: 'thinker', proposals: 2, implementations: 2 };
const AT = '2026-01-01T00:00:00.000Z';

/** Ideas of their own each time. Words without numbers: with other numbers it is the same idea. */
const proposing = (number: number): DiagnosisAnswer => ({
  ok: true,
  diagnosis: {
    bottleneck: 'memory-latency',
    finding: 'half of the peak',
    proposals: ['tiling', 'prefetch'].map((tag) => ({
      tag: tag as 'tiling',
      idea: `idea ${'abcdefghijklmnop'[number] ?? 'z'}`,
      why: '',
    })),
  },
  usage: USAGE,
});

describe('a generator that makes a diagnosis first', () => {
  test('has each idea written as often as it is wanted, under the words of the proposal, within the budget', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const thinker = createScriptedGenerator({ name: 'thinker', reserveMicros: 50, costMicros: 30, diagnosis: proposing });
    const writer = createScriptedGenerator({ name: 'writer', reserveMicros: 500, costMicros: 300, diagnosing: DIAGNOSING });
    const campaigns = await rig.campaigns(judging, [writer, thinker]);
    const spec = {
      agents: 2,
      turns: 1,
      mix: 'fixed' as const,
      start: { seeds: 'first' as const },
      budget: { candidates: 20, usd: 1 },
    };
    const { id } = await campaigns.create(request({ ...spec, generators: [{ name: 'writer' }] }));
    const view = await until(campaigns, id, isFinished);
    const rows = await generationsOf(campaigns, id);
    const diagnoses = rows.filter(({ state }) => state.status === 'diagnosed');
    expect(diagnoses.length).toBeGreaterThan(2);
    expect(
      diagnoses.every(({ generator, move, usage }) => generator === 'thinker' && move === 'diagnose' && usage.micros === 30),
    ).toBe(true);

    // Two candidates each, both as tries of one idea; what was asked for last may have met the end of the budget.
    const [first] = diagnoses;
    const written = rows.filter(({ proposal }) => proposal?.of === first?.number);
    expect(written.map(({ proposal }) => proposal?.index ?? -1).toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1]);
    expect(new Set(written.map(({ idea }) => idea)).size).toBe(2);
    expect(written[0]?.idea).toMatch(/^(tiling|prefetch): idea [b-p]$/);
    expect(written.every(({ generator, parents }) => generator === 'writer' && parents.join() === first?.parents.join())).toBe(
      true,
    );
    const told = writer.asked.map(({ proposal }) => proposal).filter((proposal) => proposal !== null);
    expect(told[0]).toMatchObject({ bottleneck: 'memory-latency', finding: 'half of the peak', of: 2 });

    expect(view.spent.usd).toBeCloseTo((thinker.billedMicros + writer.billedMicros) / 1e6, 9);
    expect(view.proposals).toMatchObject({ proposed: 2 * diagnoses.length, refused: 0 });
    expect(view.proposals?.diagnoses).toMatchObject([{ problem: 'vector_add', bottleneck: 'memory-latency' }]);
    const { text } = await campaigns.report(id, { format: 'markdown' });
    expect(text).toMatch(/\| memory-latency \| \d+ \|/);
    expect(text).toMatch(/\| tiling \| \d+ \| 0 \| \d+ \| \d+ \| \d/);
  });

  test('pays nobody to write what was proposed before or gained nothing, says so in the row, and goes on without', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const thinker = createScriptedGenerator({ name: 'thinker', diagnosis: () => proposing(1) });
    const writer = createScriptedGenerator({ name: 'writer', diagnosing: { ...DIAGNOSING, implementations: 1 } });
    const campaigns = await rig.campaigns(judging, [writer, thinker]);
    const spec = {
      agents: 1,
      turns: 1,
      islands: 1,
      mix: 'fixed' as const,
      start: { seeds: 'first' as const },
      budget: { candidates: 16 },
    };
    const { id } = await campaigns.create(request({ ...spec, generators: [{ name: 'writer' }] }));
    const view = await until(campaigns, id, isFinished);
    const rows = await generationsOf(campaigns, id);
    const reasons = rows.flatMap(({ state }) => (state.status === 'diagnosed' ? state.refused.map(({ reason }) => reason) : []));
    expect(reasons.length).toBeGreaterThan(0);
    expect(view.proposals?.refused).toBe(reasons.length);
    expect(view.generations.judged).toBe(16);
    expect(writer.asked.some(({ proposal }) => proposal === null)).toBe(true);
  });

  test('writes at once where whoever is to diagnose fails, and is asked again later', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const thinker = createScriptedGenerator({
      name: 'thinker',
      diagnosis: () => ({ ok: false, failure: 'unavailable', message: 'gone', usage: NO_USAGE }),
    });
    const writer = createScriptedGenerator({ name: 'writer', diagnosing: DIAGNOSING });
    const campaigns = await rig.campaigns(judging, [writer, thinker]);
    const { id } = await campaigns.create(request({ budget: { candidates: 10 }, turns: 1, generators: [{ name: 'writer' }] }));
    const view = await until(campaigns, id, isFinished);
    expect(view.generations.judged).toBe(10);
    expect(view.byFailure['unavailable']).toBe(thinker.diagnosed.length);
    expect(view.proposals).toBeUndefined();
  });

  test('after a restart goes on with what was proposed, and asks for nothing that was paid for', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const store = rig.store();
    const ID = CampaignId.parse(`k-${'a'.repeat(16)}`);
    const { submitter, ...spec } = request({
      agents: 1,
      turns: 1,
      generators: [{ name: 'writer' }],
      budget: { usd: 1, candidates: 3 },
    });
    const times = { createdAt: AT, updatedAt: AT, ranMs: 1 };
    await store.createCampaign(Campaign.parse({ id: ID, spec, status: 'running', reason: null, submitter, ...times }));
    const answer = proposing(3);
    if (!answer.ok) throw new Error('it proposes');
    const row = (number: number, state: GenerationState, wish: object) => ({
      id: generationIdOf(ID, number),
      campaignId: ID,
      number,
      agent: 0,
      generator: 'writer',
      problem: 'vector_add',
      device: 'H100' as const,
      move: 'new' as const,
      island: 0,
      parents: [],
      idea: '',
      usage: USAGE,
      state,
      askedAt: AT,
      updatedAt: AT,
      ...wish,
    });
    const draft = {
      language: 'cuda' as const,
      source: candidateSource(90, 'speedup 2'),
      params: {},
      idea: 'tiling: idea d',
      note: '',
    };
    await store.addGenerations([
      row(1, { status: 'asked', reservedMicros: 40 }, { generator: 'thinker', move: 'diagnose' }),
      row(
        2,
        { status: 'diagnosed', writer: 'writer', move: 'new', diagnosis: answer.diagnosis, implementations: 1, refused: [] },
        { generator: 'thinker', move: 'diagnose' },
      ),
      row(3, { status: 'answered', draft }, { proposal: { of: 2, index: 0 } }),
    ]);
    const thinker = createScriptedGenerator({ name: 'thinker', diagnosis: proposing });
    const writer = createScriptedGenerator({ name: 'writer', diagnosing: { ...DIAGNOSING, implementations: 1 } });
    const campaigns = await rig.campaigns(judging, [writer, thinker], store);
    const view = await until(campaigns, ID, isFinished);
    const rows = await generationsOf(campaigns, ID);
    expect(rows[0]?.state.status).toBe('lost');
    expect(rows[2]).toMatchObject({ proposal: { of: 2, index: 0 }, state: { status: 'judged' } });
    // The second idea is written first, and only then is another diagnosis asked for.
    expect(writer.asked[0]?.proposal).toMatchObject({ tag: 'prefetch', idea: 'idea d' });
    expect(rows[3]?.proposal).toEqual({ of: 2, index: 1 });
    expect(view.generations).toMatchObject({ judged: 3, lost: 1 });
  });
});
