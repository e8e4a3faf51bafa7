import { describe, expect, test } from 'vitest';
import type { AgentCampaigns } from '../../../src/agents/campaigns.ts';
import { Campaign, NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import { CampaignId, generationIdOf } from '../../../src/domain/ids.ts';
import type { CandidateId } from '../../../src/domain/ids.ts';
import type { QuickJudging } from '../../support/agents/quick-judging.ts';
import { generation } from '../../support/agents/generations.ts';
import { candidateSource, createScriptedGenerator } from '../../support/agents/scripted-generator.ts';
import type { ScriptedGenerator } from '../../support/agents/scripted-generator.ts';
import { attempt, candidate, DEVICE, HOST, passed, score } from '../../support/builders.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';

const AT = '2026-01-01T00:00:00.000Z';
const FALSE_BEST = 'speedup 9';
const rig = campaignRig();

/** The third answer is false: it says that it is nine times as fast. All of them are of one kind, so that it displaces the others. */
const writer = (): ScriptedGenerator =>
  createScriptedGenerator({
    latencyMs: 2,
    answer: (number) => ({
      ok: true,
      draft: {
        language: 'cuda',
        source: candidateSource(number, number === 3 ? FALSE_BEST : `speedup ${1 + number / 100}`),
        params: {},
        idea: 'faster',
        note: '',
      },
      usage: NO_USAGE,
    }),
  });

const falseBestOf = (judging: QuickJudging): CandidateId => {
  const found = [...judging.sources].find(([, source]) => source.includes(FALSE_BEST));
  if (!found) throw new Error('the false one was not submitted');
  return found[0];
};

const stateOf = async (campaigns: AgentCampaigns, id: CampaignId, candidateId: CandidateId) => {
  const rows = await generationsOf(campaigns, id);
  return rows.find(({ state }) => 'candidateId' in state && state.candidateId === candidateId)?.state;
};

const untilDropped = async (campaigns: AgentCampaigns, id: CampaignId): Promise<void> =>
  expect.poll(() => campaigns.gauges().campaigns.map((open) => open.id)).not.toContain(id);

describe('a verdict that is taken back', () => {
  test('is forgotten by a campaign that runs: nobody is shown it, what it displaced is the best again, and the next one counts alone', async () => {
    const judging = rig.judging({ judgeMs: 2 });
    const generator = writer();
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ mix: 'fixed', agents: 1, islands: 1, budget: { candidates: 24 } }));
    await until(campaigns, id, ({ best, generations }) => best[0]?.best?.speedup === 9 && generations.judged >= 6);
    const candidateId = falseBestOf(judging);
    judging.slots = 0;
    judging.reopen(candidateId, 'verdict crashed');
    const waiting = await until(campaigns, id, ({ best }) => best[0]?.best?.speedup !== 9);
    expect(waiting.best[0]?.best?.speedup).toBeGreaterThan(1);
    expect(waiting.best[0]?.best?.speedup).toBeLessThan(2);
    expect(await stateOf(campaigns, id, candidateId)).toEqual({ status: 'submitted', candidateId, isFirst: true });
    const askedBefore = generator.asked.length;
    judging.slots = 1;
    const view = await until(campaigns, id, isFinished);
    expect(view.generations).toMatchObject({ judged: 24, submitted: 0 });
    expect(view.byVerdict).toEqual({ passed: 23, crashed: 1 });
    expect(await stateOf(campaigns, id, candidateId)).toMatchObject({ status: 'judged', verdict: 'crashed', speedup: null });
    // One was being asked while it was taken back; a repair is shown it as what it is.
    const shown = generator.asked.slice(askedBefore + 1).flatMap(({ parents, move }) => (move === 'repair' ? [] : parents));
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.map((parent) => parent.candidateId)).not.toContain(candidateId);
    // What was asked meanwhile may be the best's ancestor, and has it for its own.
    expect(view.best[0]?.best?.candidateId).not.toBe(candidateId);
  });

  test('that was read before it was kept is waited for again', async () => {
    const judging = rig.judging({ judgeMs: 2 });
    const taken = new Set<CandidateId>();
    // Between the event that it is done and the look at what it is.
    const read: QuickJudging['candidate'] = async (id) => {
      const record = await judging.candidate(id);
      if (record.state.status !== 'done' || taken.has(id)) return record;
      taken.add(id);
      judging.reopen(id, 'speedup 1.5');
      return judging.candidate(id);
    };
    const campaigns = await rig.campaigns({ ...judging, candidate: read }, [writer()]);
    const { id } = await campaigns.create(request({ mix: 'fixed', agents: 1, budget: { candidates: 4 } }));
    // It may have ended by its budget before the last one, which was taken back, is judged again.
    const view = await until(
      campaigns,
      id,
      (one) => isFinished(one) && one.waitingForVerdict === 0 && one.generations.judged === 4,
    );
    expect(view.generations).toMatchObject({ judged: 4, submitted: 0 });
    expect(view.best[0]?.best?.speedup).toBe(1.5);
  });

  test('opens a campaign that ended, until its view and report tell the last verdict', async () => {
    const judging = rig.judging({ judgeMs: 2 });
    const campaigns = await rig.campaigns(judging, [writer()]);
    const { id } = await campaigns.create(request({ mix: 'fixed', agents: 1, budget: { candidates: 6 } }));
    const before = await until(campaigns, id, isFinished);
    expect(before.best[0]?.best?.speedup).toBe(9);
    await untilDropped(campaigns, id);
    expect((await campaigns.view(id)).best[0]?.best?.speedup).toBe(9);
    const candidateId = falseBestOf(judging);
    judging.slots = 0;
    judging.reopen(candidateId, 'speedup 1.25');
    // The last of the six is the best that is left.
    const open = await until(campaigns, id, ({ best }) => best[0]?.best?.speedup === 1.06);
    expect(open).toMatchObject({ status: 'finished', reason: before.reason, waitingForVerdict: 1 });
    judging.slots = 1;
    await until(campaigns, id, ({ best }) => best[0]?.best?.speedup === 1.25);
    await untilDropped(campaigns, id);
    const view = await campaigns.view(id);
    expect(view).toMatchObject({ status: 'finished', waitingForVerdict: 0, byVerdict: { passed: 6 } });
    expect(view.best[0]?.best).toMatchObject({ candidateId, speedup: 1.25 });
    const { text } = await campaigns.report(id, { format: 'markdown' });
    expect(text).toContain('1.25x');
    expect(text).not.toContain('9.00x');
  });

  test('while no daemon ran is found by the next one', async () => {
    const judging = rig.judging({ judgeMs: 2 });
    const store = rig.store();
    const id = CampaignId.parse(`k-${'e'.repeat(16)}`);
    const content = { language: 'cuda' as const, source: candidateSource(1, FALSE_BEST), params: {} };
    const steering = { priority: 200, submitter: `campaign:${id}`, labels: [], trial: 0 };
    const { candidates } = await judging.submit([{ problem: 'vector_add', device: 'H100', ...content, ...steering }]);
    const candidateId = candidates[0]?.id;
    if (!candidateId) throw new Error('the engine gave no answer');
    await expect.poll(async () => (await judging.candidate(candidateId)).state.status).toBe('done');
    const { submitter, ...spec } = request({ budget: { candidates: 1 } });
    const ended = { status: 'finished', reason: 'the budget of 1 candidates is used up', createdAt: AT, updatedAt: AT, ranMs: 1 };
    await store.createCampaign(Campaign.parse({ id, spec, submitter, ...ended }));
    const judged = { status: 'judged', verdict: 'passed', speedup: 9, deviceMs: 1, isRecord: true, isFirst: true } as const;
    const row = generation(
      1,
      { ...judged, candidateId },
      { id: generationIdOf(id, 1), campaignId: id, problem: 'vector_add', move: 'new' },
    );
    await store.addGenerations([row]);
    await store.insertCandidates([{ ...candidate('false'), id: candidateId }]);
    await store.writeAttempts([{ ...attempt('false'), attemptId: `${candidateId}.1` as never }]);
    await store.complete([{ candidateId, outcome: passed, score: score(9), record: true }]);
    await store.reopenDoubted({ hostId: HOST, deviceId: DEVICE, reason: 'vector_add/baseline.cu: wrong_answer' });
    judging.slots = 0;
    judging.reopen(candidateId, 'speedup 1.25');
    const campaigns = await rig.campaigns(judging, [writer()]);
    const waiting = await until(campaigns, id, ({ waitingForVerdict }) => waitingForVerdict === 1);
    expect(waiting.best[0]?.best).toBeNull();
    judging.slots = 1;
    const view = await until(campaigns, id, ({ generations }) => generations.judged === 1);
    expect(view.best[0]?.best).toMatchObject({ candidateId, speedup: 1.25 });
    expect(view.status).toBe('finished');
  });
});
