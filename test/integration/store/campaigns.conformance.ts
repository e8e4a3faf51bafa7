import { describe, expect, onTestFinished, test } from 'vitest';
import type { CampaignStore } from '../../../src/domain/ports/store.ts';
import { Campaign, CampaignSpec, Generation, NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import { CampaignId, DeviceId, generationIdOf } from '../../../src/domain/ids.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { GenerationState } from '../../../src/domain/campaign/campaign.ts';
import { createStore } from '../../../src/store/store.ts';
import type { SqlStore } from '../../../src/store/store.ts';
import type { Sql } from '../../../src/store/sql.ts';
import { attempt, candidate, HOST, idOf, passed, score } from '../../support/builders.ts';

const START = Date.parse('2026-01-01T00:00:00.000Z');
const AT = new Date(START).toISOString();
const ID = CampaignId.parse(`k-${'a'.repeat(16)}`);
const OTHER = CampaignId.parse(`k-${'b'.repeat(16)}`);

const campaign = (id: CampaignId = ID): Campaign => ({
  id,
  spec: CampaignSpec.parse({ problems: ['softmax'], budget: { usd: 0.5 } }),
  status: 'running',
  reason: null,
  submitter: 'ada',
  createdAt: AT,
  updatedAt: AT,
  ranMs: 0,
});

const generation = (number: number, state: GenerationState, campaignId: CampaignId = ID): Generation => ({
  id: generationIdOf(campaignId, number),
  campaignId,
  number,
  agent: number % 3,
  generator: 'evolve',
  problem: 'softmax',
  device: 'H100',
  move: 'cross',
  island: 1,
  parents: [idOf('p'), idOf('q')],
  idea: '',
  usage: NO_USAGE,
  state,
  askedAt: AT,
  updatedAt: AT,
});

const asked: GenerationState = { status: 'asked', reservedMicros: 1200 };
const answered: GenerationState = {
  status: 'answered',
  draft: { language: 'cuda', source: '// "a" \\u0000 \u{1F525}', params: { BLOCK: 64 }, idea: 'vectors', note: '' },
};
const submitted: GenerationState = { status: 'submitted', candidateId: idOf('c'), isFirst: true };
const judged: GenerationState = {
  status: 'judged',
  candidateId: idOf('c'),
  isFirst: true,
  verdict: 'passed',
  speedup: 1.5,
  deviceMs: 21.5,
  isRecord: true,
};
const failed: GenerationState = { status: 'failed', failure: 'refused', message: 'no' };
const usage = { inputTokens: 10, cacheWriteTokens: 1, cacheReadTokens: 2, outputTokens: 5, micros: 1100 };

/** What every store must do for campaigns, over any database. */
export const describeCampaignStore = (name: string, open: () => Sql): void => {
  const fresh = async (): Promise<{ readonly store: CampaignStore & SqlStore; readonly clock: { now: number } }> => {
    await open().script('truncate kiln.generations, kiln.campaigns, kiln.journal restart identity');
    const clock = { now: START };
    const store: CampaignStore & SqlStore = createStore(open(), { now: () => clock.now });
    onTestFinished(async () => store.close());
    return { store, clock };
  };
  const page = { after: 0, limit: 100 };

  describe(`a store on ${name}: campaigns`, () => {
    test('gives a campaign of before some settings were there back as it worked then', async () => {
      const { store } = await fresh();
      const { turns: _turns, mix: _mix, recall: _recall, ...spec } = campaign().spec;
      await store.createCampaign({ ...campaign(), spec: spec as Campaign['spec'] });
      expect((await store.campaigns()).map((one) => Campaign.encode(one))).toEqual([
        { ...campaign(), spec: { ...spec, turns: 1, mix: 'fixed', recall: false } },
      ]);
    });

    test('keeps what a campaign was told and what it learned in its row, the newest first', async () => {
      const { store } = await fresh();
      const row = {
        idea: 'tiling',
        tries: 2,
        passed: 1,
        bestRatio: 1.2,
        bestSpeedup: 2,
        cases: [{ case: '4M', ratio: 1.2 }],
        failures: { crashed: 1 },
      };
      const told = {
        problem: 'softmax',
        device: 'H100' as const,
        campaigns: 2,
        rows: [row],
        elsewhere: [{ ...row, problem: 'rmsnorm' }],
      };
      const lesson = (problem: string) => ({
        problem,
        device: 'H100' as const,
        deviceModel: 'a model',
        bound: 'memory' as const,
        rows: [row],
      });
      await store.createCampaign(campaign(), [told]);
      await store.createCampaign(campaign(OTHER));
      expect([await store.recalled(ID), await store.recalled(OTHER)]).toEqual([[told], []]);
      expect(await store.lessons(9)).toEqual([]);
      await store.keepLessons(ID, [lesson('softmax')]);
      await store.keepLessons(OTHER, [lesson('matmul'), lesson('rmsnorm')]);
      await store.keepLessons(ID, [lesson('argmax')]);
      expect((await store.lessons(9)).map((lessons) => lessons.map(({ problem }) => problem))).toEqual([
        ['matmul', 'rmsnorm'],
        ['argmax'],
      ]);
      expect(await store.lessons(1)).toEqual([[lesson('matmul'), lesson('rmsnorm')]]);
      expect((await store.campaigns()).every((one) => !('lessons' in one) && !('recalled' in one))).toBe(true);
    });

    test('gives campaigns back as they were made, newest first, each with one event', async () => {
      const { store } = await fresh();
      await store.createCampaign(campaign());
      await store.createCampaign(campaign());
      await store.createCampaign(campaign(OTHER));
      const campaigns = (await store.campaigns()).map((record) => Campaign.parse(record));
      expect(campaigns).toEqual([campaign(OTHER), campaign()]);
      const events = await store.events({ after: 0, limit: 10 });
      expect(events.map(({ type, data }) => [type, data['campaignId']])).toEqual([
        ['campaign.created', ID],
        ['campaign.created', OTHER],
      ]);
    });

    test('says in the journal when the status of a campaign changes, and only then', async () => {
      const { store, clock } = await fresh();
      await store.createCampaign(campaign());
      await store.updateCampaign(ID, { status: 'running', reason: null, ranMs: 500 });
      clock.now += 1000;
      await store.updateCampaign(ID, { status: 'paused', reason: 'by ada', ranMs: 900.5 });
      await store.updateCampaign(OTHER, { status: 'paused', reason: null, ranMs: 0 });
      const [record] = await store.campaigns();
      const updatedAt = new Date(clock.now).toISOString();
      expect(record).toEqual({ ...campaign(), status: 'paused', reason: 'by ada', ranMs: 900.5, updatedAt });
      const changes = (await store.events({ after: 0, limit: 10 })).filter(({ type }) => type === 'campaign.changed');
      expect(changes.map(({ data }) => data)).toEqual([{ campaignId: ID, status: 'paused', reason: 'by ada' }]);
    });

    test('follows generations from asked to judged, page by page', async () => {
      const { store, clock } = await fresh();
      await store.createCampaign(campaign());
      await store.createCampaign(campaign(OTHER));
      await store.addGenerations([2, 1, 3].map((number) => generation(number, asked)));
      await store.addGenerations([generation(1, failed), generation(1, asked, OTHER)]);
      clock.now += 1000;
      const updatedAt = new Date(clock.now).toISOString();
      await store.updateGenerations([{ id: generationIdOf(ID, 1), state: answered, idea: 'vectors', usage }]);
      const [first] = await store.generations(ID, page);
      expect(Generation.parse(first)).toEqual({ ...generation(1, answered), idea: 'vectors', usage, updatedAt });
      await store.updateGenerations([
        { id: generationIdOf(ID, 1), state: submitted },
        { id: generationIdOf(ID, 2), state: failed, usage },
        { id: generationIdOf(ID, 1), state: judged },
      ]);
      const states = (await store.generations(ID, page)).map((row) => [row.number, row.state, row.idea, row.usage.micros]);
      expect(states).toEqual([
        [1, judged, 'vectors', 1100],
        [2, failed, '', 1100],
        [3, asked, '', 0],
      ]);
      expect((await store.generations(ID, { after: 1, limit: 1 })).map(({ number }) => number)).toEqual([2]);
    });

    test('lets nothing change what is judged, failed or lost', async () => {
      const { store } = await fresh();
      await store.createCampaign(campaign());
      const lost: GenerationState = { status: 'lost', reservedMicros: 7 };
      await store.addGenerations([generation(1, judged), generation(2, failed), generation(3, lost)]);
      await store.updateGenerations([1, 2, 3].map((number) => ({ id: generationIdOf(ID, number), state: asked, usage })));
      const states = (await store.generations(ID, page)).map(({ state, usage: { micros } }) => [state, micros]);
      expect(states).toEqual([
        [judged, 0],
        [failed, 0],
        [lost, 0],
      ]);
    });

    test('names the campaigns with generations that must be brought to an end', async () => {
      const { store } = await fresh();
      await store.createCampaign(campaign());
      await store.createCampaign(campaign(OTHER));
      await store.addGenerations([generation(1, judged), generation(2, submitted, OTHER), generation(3, answered, OTHER)]);
      expect(await store.unfinishedCampaigns()).toEqual([OTHER]);
    });

    test('lets a verdict that was taken back be waited for again, says what it was, and takes the next one', async () => {
      const { store } = await fresh();
      await store.createCampaign(campaign());
      await store.createCampaign(campaign(OTHER));
      const elsewhere: GenerationState = { ...judged, candidateId: idOf('d') };
      await store.addGenerations([generation(1, judged), generation(2, elsewhere), generation(3, failed)]);
      await store.addGenerations([generation(1, { ...judged, isFirst: false }, OTHER)]);
      const withdrawn = (await store.withdrawVerdicts([idOf('c')])).map((row) => Generation.parse(row));
      expect(withdrawn.map(({ id, state }) => [id, state])).toEqual([
        [generationIdOf(ID, 1), judged],
        [generationIdOf(OTHER, 1), { ...judged, isFirst: false }],
      ]);
      expect((await store.generations(ID, page)).map(({ state }) => state)).toEqual([submitted, elsewhere, failed]);
      expect((await store.generations(OTHER, page)).map(({ state }) => state)).toEqual([{ ...submitted, isFirst: false }]);
      expect(await store.withdrawVerdicts([idOf('c')])).toEqual([]);
      expect(await store.withdrawVerdicts([])).toEqual([]);
      const again: GenerationState = { ...judged, verdict: 'crashed', speedup: null };
      await store.updateGenerations([{ id: generationIdOf(ID, 1), state: again }]);
      expect((await store.generations(ID, page)).map(({ state }) => state)).toEqual([again, elsewhere, failed]);
    });

    test('knows which verdicts were taken back since they were written', async () => {
      const { store, clock } = await fresh();
      await open().script(
        'truncate kiln.candidates, kiln.attempts, kiln.records, kiln.canaries, kiln.backlog, kiln.sources, kiln.profiles, kiln.sweeps, kiln.sweep_points restart identity',
      );
      const named = ['c', 'cancelled', 'kept', 'again'] as const;
      await store.insertCandidates(named.map((who) => candidate(who)));
      const judge = async (who: (typeof named)[number], outcome: Outcome): Promise<void> => {
        await store.writeAttempts([attempt(who, 1, { deviceId: DeviceId.parse(`GPU-${who}`), finishedAt: AT })]);
        await store.complete([
          { candidateId: idOf(who), outcome, score: outcome.verdict === 'passed' ? score(2) : null, record: false },
        ]);
      };
      for (const who of named) await judge(who, who === 'cancelled' ? { verdict: 'cancelled' } : passed);
      await store.createCampaign(campaign());
      const rows = named.map((who, index) =>
        generation(index + 1, {
          ...judged,
          candidateId: idOf(who),
          ...(who === 'cancelled' ? { verdict: 'cancelled' as const, speedup: null } : {}),
        }),
      );
      await store.addGenerations(rows);
      expect(await store.outdatedVerdicts()).toEqual([]);
      clock.now += 60_000;
      for (const who of ['c', 'again'])
        await store.reopenDoubted({ hostId: HOST, deviceId: DeviceId.parse(`GPU-${who}`), reason: 'a canary failed' });
      await store.reopen([idOf('cancelled')]);
      await store.complete([{ candidateId: idOf('again'), outcome: passed, score: score(1.5), record: false }]);
      expect([...(await store.outdatedVerdicts())].toSorted()).toEqual(['c', 'cancelled', 'again'].map(idOf).toSorted());
      await store.withdrawVerdicts(await store.outdatedVerdicts());
      expect(await store.outdatedVerdicts()).toEqual([]);
    });
  });
};
