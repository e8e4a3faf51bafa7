import { describe, expect, test } from 'vitest';
import { Campaign, NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import type { Draft, Generation, GenerationState } from '../../../src/domain/campaign/campaign.ts';
import { CampaignId, CandidateId, generationIdOf } from '../../../src/domain/ids.ts';
import type { QuickJudging } from '../../support/agents/quick-judging.ts';
import { candidateSource, createScriptedGenerator } from '../../support/agents/scripted-generator.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';

const AT = '2026-01-01T00:00:00.000Z';
const ID = CampaignId.parse(`k-${'c'.repeat(16)}`);
const RESERVED = 500;
const USAGE = { ...NO_USAGE, outputTokens: 3, micros: 200 };
const rig = campaignRig();

const draft = (index: number): Draft => ({
  language: 'cuda',
  source: candidateSource(index, `speedup ${index}`),
  params: {},
  idea: `idea ${index}`,
  note: '',
});

const row = (number: number, state: GenerationState, wish: Partial<Generation> = {}): Generation => ({
  id: generationIdOf(ID, number),
  campaignId: ID,
  number,
  agent: 0,
  generator: 'scripted',
  problem: 'vector_add',
  device: 'H100',
  move: 'new',
  island: 0,
  parents: [],
  idea: `idea ${number}`,
  usage: state.status === 'asked' ? NO_USAGE : USAGE,
  state,
  askedAt: AT,
  updatedAt: AT,
  ...wish,
});

const submitAs = async (judging: QuickJudging, index: number, submitter: string): Promise<CandidateId> => {
  const { idea: _idea, note: _note, ...content } = draft(index);
  const steering = { priority: 200, submitter, labels: [], trial: 0 };
  const { candidates } = await judging.submit([{ problem: 'vector_add', device: 'H100', ...content, ...steering }]);
  if (!candidates[0]) throw new Error('the engine gave no answer');
  return candidates[0].id;
};

const untilDone = async (judging: QuickJudging, id: CandidateId): Promise<void> =>
  expect.poll(async () => (await judging.candidate(id)).state.status).toBe('done');

describe('a campaign whose daemon was killed', () => {
  test('submits what was answered, waits for what was submitted, counts what was asked as spent, and asks on', async () => {
    const judging = rig.judging({ judgeMs: 2 });
    const ours = `campaign:${ID}`;
    const [judged, unnoticed, resent] = [
      await submitAs(judging, 1, ours),
      await submitAs(judging, 5, ours),
      await submitAs(judging, 4, ours),
    ];
    for (const id of [judged, unnoticed, resent]) await untilDone(judging, id);
    judging.slots = 0;
    const waiting = await submitAs(judging, 6, ours);
    const store = rig.store();
    const { submitter, ...spec } = request({
      agents: 2,
      mix: 'fixed',
      generators: [{ name: 'scripted' }],
      budget: { usd: 1, candidates: 8 },
    });
    const times = { createdAt: AT, updatedAt: AT, ranMs: 1234 };
    await store.createCampaign(Campaign.parse({ id: ID, spec, status: 'running', reason: null, submitter, ...times }));
    const passed = { verdict: 'passed' as const, speedup: 1, deviceMs: 2, isRecord: true, isFirst: true };
    await store.addGenerations([
      row(1, { status: 'judged', candidateId: judged, ...passed }, { move: 'seed' }),
      row(2, { status: 'asked', reservedMicros: RESERVED }),
      row(3, { status: 'answered', draft: draft(3) }),
      row(4, { status: 'answered', draft: draft(4) }),
      row(5, { status: 'submitted', candidateId: unnoticed, isFirst: true }),
      row(6, { status: 'submitted', candidateId: waiting, isFirst: true }),
      row(7, { status: 'failed', failure: 'refused', message: 'no' }),
    ]);
    const generator = createScriptedGenerator({ reserveMicros: RESERVED, costMicros: 200 });
    generator.answer = (number) => ({ ok: true, draft: draft(100 + number), usage: USAGE });
    const campaigns = await rig.campaigns(judging, [generator]);
    await until(campaigns, ID, ({ generations }) => generations.submitted === 2 && generations.judged === 3);
    judging.slots = 1;
    await submitAs(judging, 99, 'somebody');
    const view = await until(campaigns, ID, isFinished);

    const rows = await generationsOf(campaigns, ID);
    const states = rows.slice(0, 7).map(({ state }) => state.status);
    expect(states).toEqual(['judged', 'lost', 'judged', 'judged', 'judged', 'judged', 'failed']);
    // Whose device time it was is not forgotten, nor what took the record.
    const first = rows.map(({ state }) => state.status === 'judged' && state.isFirst);
    expect(first.slice(0, 7)).toEqual([true, false, true, true, true, true, false]);
    expect(rows[4]?.state).toMatchObject({ isRecord: true, speedup: 5 });
    expect(rows.slice(7).every(({ number }, index) => number >= 8 + index)).toBe(true);
    expect(view.generations).toMatchObject({ judged: 8, lost: 1, failed: 1 });
    expect(generator.asked).toHaveLength(3);
    // 5 rows that cost 200, 3 answers since, and the reserve of the lost one.
    expect(view.spent.usd).toBeCloseTo((6 * 200 + 3 * 200 + RESERVED) / 1e6, 9);
    expect(view.spent.minutes).toBeGreaterThan(1234 / 60_000);
    // The archive is back: agents are shown what was found before.
    expect(generator.asked.flatMap(({ parents }) => parents).length).toBeGreaterThan(0);
  });

  test('offers a failure for repair again only where nobody answered the first time', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const id = CampaignId.parse(`k-${'d'.repeat(16)}`);
    const [passed, repairedBefore, open] = await Promise.all(
      ['speedup 2', 'verdict crashed 1', 'verdict crashed 2'].map(async (words, index) => {
        const content = { language: 'cuda' as const, source: candidateSource(index, words), params: {} };
        const steering = { priority: 200, submitter: `campaign:${id}`, labels: [], trial: 0 };
        const { candidates } = await judging.submit([{ problem: 'vector_add', device: 'H100', ...content, ...steering }]);
        const found = candidates[0]?.id ?? '';
        await untilDone(judging, CandidateId.parse(found));
        return CandidateId.parse(found);
      }),
    );
    if (!passed || !repairedBefore || !open) throw new Error('three candidates were submitted');
    const { submitter, ...spec } = request({
      agents: 1,
      islands: 1,
      generators: [{ name: 'scripted' }],
      budget: { candidates: 60 },
    });
    const times = { createdAt: AT, updatedAt: AT, ranMs: 0 };
    await rig.store().createCampaign(Campaign.parse({ id, spec, status: 'running', reason: null, submitter, ...times }));
    const judged = { status: 'judged', deviceMs: 1, isRecord: false, isFirst: true } as const;
    const of = { generationIds: 0 };
    const next = (state: GenerationState, wish: Partial<Generation> = {}): Generation => {
      of.generationIds += 1;
      return { ...row(of.generationIds, state, wish), id: generationIdOf(id, of.generationIds), campaignId: id };
    };
    await rig
      .store()
      .addGenerations([
        next({ ...judged, candidateId: passed, verdict: 'passed', speedup: 2 }),
        next({ ...judged, candidateId: repairedBefore, verdict: 'crashed', speedup: null }),
        next({ ...judged, candidateId: open, verdict: 'crashed', speedup: null }),
        next({ status: 'failed', failure: 'rejected', message: 'no plan' }, { move: 'repair', parents: [repairedBefore] }),
        next({ status: 'failed', failure: 'unavailable', message: 'no route' }, { move: 'repair', parents: [open] }),
      ]);
    const generator = createScriptedGenerator({});
    const campaigns = await rig.campaigns(judging, [generator]);
    await until(campaigns, id, isFinished);
    const repaired = generator.asked.flatMap(({ move, parents }) => (move === 'repair' ? [parents[0]?.candidateId] : []));
    expect(repaired).toContain(open);
    expect(repaired).not.toContain(repairedBefore);
  });

  test('asks nothing twice and loses nothing, however often its daemon is stopped', async () => {
    const judging = rig.judging({ judgeMs: 3, slots: 4 });
    const generator = createScriptedGenerator({ latencyMs: 15, reserveMicros: 90, costMicros: 40 });
    let campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ agents: 8, budget: { candidates: 60, usd: 0.01 } }));
    for (const judged of [10, 25, 40]) {
      await until(campaigns, id, ({ generations }) => generations.judged >= judged && generations.asked > 0);
      await campaigns.close();
      campaigns = await rig.campaigns(judging, [generator]);
    }
    const view = await until(campaigns, id, isFinished);
    const rows = await generationsOf(campaigns, id);
    const paid = rows.filter(({ usage }) => usage.micros > 0);
    expect(paid).toHaveLength(generator.billedMicros / 40);
    expect(view.generations.judged).toBe(paid.length);
    expect(view.generations.lost).toBeGreaterThan(0);
    expect(view.generations).toMatchObject({ asked: 0, answered: 0, submitted: 0, failed: 0 });
    expect(view.spent.usd).toBeCloseTo((generator.billedMicros + view.generations.lost * 90) / 1e6, 9);
    expect(judging.submitted).toHaveLength(60);
  });

  test('is paused with the reason where its problem is gone', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const generator = createScriptedGenerator({ latencyMs: 5 });
    const first = await rig.campaigns(judging, [generator]);
    const { id } = await first.create(request({ problems: ['softmax'], budget: { candidates: 1000 } }));
    await until(first, id, ({ generations }) => generations.judged > 0);
    await first.close();
    const problem: QuickJudging['problem'] = (name) => judging.problem(name === 'softmax' ? 'gone' : name);
    const again = await rig.campaigns({ ...judging, problem }, [generator]);
    const view = await again.view(id);
    expect(view.status).toBe('paused');
    expect(view.reason).toMatch(/^it cannot go on: problems: there is no problem/);
    await expect(again.resume(id)).rejects.toMatchObject({ code: 'UNKNOWN_PROBLEM' });
    expect(await again.stop(id)).toMatchObject({ status: 'stopped', reason: 'stopped by a person' });
  });
});
