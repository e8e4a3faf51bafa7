import { describe, expect, onTestFinished, test } from 'vitest';
import { DeviceId, HostId } from '../../../src/domain/ids.ts';
import { Candidate } from '../../../src/domain/candidate.ts';
import { JournalEvent } from '../../../src/domain/journal.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Doubt, Store } from '../../../src/domain/ports/store.ts';
import type { Sql } from '../../../src/store/sql.ts';
import { createStore } from '../../../src/store/store.ts';
import { attempt, candidate, DEVICE, event, HOST, idOf, MODEL, passed, RANKING, score, VERSION } from '../../support/builders.ts';

const START = Date.parse('2026-01-01T00:00:00.000Z');
const MINUTE_MS = 60_000;
const HELPER = HostId.parse('helper');
const OTHER = DeviceId.parse('GPU-1');
const WRONG: Outcome = { verdict: 'crashed', case: 'n', message: 'no' };
const DOUBT = { hostId: HOST, deviceId: DEVICE, reason: 'vector_add/baseline.c: wrong_answer' };
const MARKS = { code: 'a', problems: '' };
const at = (minutes: number): string => new Date(START + minutes * MINUTE_MS).toISOString();

/** Judged on `deviceId` at `minutes`, as the only attempt of it. */
const judged = async (
  store: Store,
  who: string,
  {
    minutes,
    deviceId = DEVICE,
    outcome = WRONG,
    number = 1,
  }: { minutes: number; deviceId?: DeviceId; outcome?: Outcome; number?: number },
): Promise<void> => {
  if (number === 1) await store.insertCandidates([candidate(who)]);
  const { verdict } = outcome;
  const timings = outcome.verdict === 'passed' ? outcome.timings : [];
  await store.writeAttempts([attempt(who, number, { deviceId, finishedAt: at(minutes), verdict, timings })]);
  const isPassed = verdict === 'passed';
  await store.complete([{ candidateId: idOf(who), outcome, score: isPassed ? score(2) : null, record: false }]);
};
const reopened = async (store: Store, doubt: Doubt = DOUBT): Promise<string[]> =>
  (await store.reopenDoubted(doubt)).candidates.map(({ id }) => id);

/** What a device's failed canary does to the verdicts since the last that passed. */
export const describeCanaries = (name: string, open: () => Sql): void => {
  const fresh = async (): Promise<{ readonly store: Store; readonly clock: { now: number } }> => {
    await open().script(
      'truncate kiln.candidates, kiln.attempts, kiln.journal, kiln.records, kiln.canaries, kiln.failed_pairs, kiln.backlog, kiln.sources, kiln.profiles, kiln.sweeps, kiln.sweep_points restart identity',
    );
    const clock = { now: START };
    const store: Store = createStore(open(), { now: () => clock.now });
    onTestFinished(async () => store.close());
    return { store, clock };
  };

  describe(`a store on ${name}: verdicts in doubt`, () => {
    test('are those of the device since its last passed canary, whatever they were; they say why they are judged again', async () => {
      const { store, clock } = await fresh();
      await judged(store, 'before', { minutes: 1 });
      await store.writeCanaries([{ hostId: HOST, deviceId: DEVICE, trustedAt: at(5), quarantine: null, marks: MARKS }]);
      await judged(store, 'wrong', { minutes: 6 });
      await judged(store, 'right', { minutes: 7, outcome: passed });
      await judged(store, 'elsewhere', { minutes: 7, deviceId: OTHER });
      clock.now = START + 8 * MINUTE_MS;
      expect(await reopened(store)).toEqual(['wrong', 'right'].map(idOf));
      const record = Candidate.parse(await store.candidate(idOf('right')));
      expect(record).toMatchObject({
        state: { status: 'queued' },
        score: null,
        judgedAgain: { ...DOUBT, at: at(8), verdict: 'passed', speedup: 2 },
      });
      const events = (await store.events({ after: 0, limit: 100 })).map((one) => JournalEvent.parse(one));
      expect(events.filter(({ type }) => type === 'candidate.reopened')).toMatchObject([
        { candidateId: idOf('wrong'), hostId: HOST, data: { verdict: 'crashed', reason: DOUBT.reason } },
        { candidateId: idOf('right'), data: { verdict: 'passed' } },
      ]);
      expect((await store.backlog()).rows).toEqual([{ device: 'H100', submitter: 'ada', count: 2 }]);
    });

    test('are taken back once, and what was judged again later is not in doubt by what was before', async () => {
      const { store, clock } = await fresh();
      await judged(store, 'a', { minutes: 1 });
      clock.now = START + 2 * MINUTE_MS;
      expect(await reopened(store)).toEqual([idOf('a')]);
      expect(await reopened(store)).toEqual([]);
      await judged(store, 'a', { minutes: 3, deviceId: OTHER, outcome: passed, number: 2 });
      clock.now = START + 4 * MINUTE_MS;
      expect(await reopened(store)).toEqual([]);
      expect((await store.candidate(idOf('a')))?.state).toMatchObject({ status: 'done', outcome: { verdict: 'passed' } });
      // Its second verdict is in doubt when that device fails too.
      expect(await reopened(store, { ...DOUBT, deviceId: OTHER })).toEqual([idOf('a')]);
    });

    test('are also what the host’s compiler refused since a canary passed on any of its devices', async () => {
      const { store, clock } = await fresh();
      const refuse = async (who: string): Promise<void> => {
        await store.insertCandidates([candidate(who)]);
        const moved = event('candidate.compiling', who);
        await store.writeTransitions([{ candidateId: idOf(who), state: { status: 'compiling', hostId: HOST }, event: moved }]);
        await store.complete([
          { candidateId: idOf(who), outcome: { verdict: 'compile_error', log: 'no' }, score: null, record: false },
        ]);
      };
      await refuse('early');
      await store.writeCanaries([{ hostId: HOST, deviceId: OTHER, trustedAt: at(5), quarantine: null, marks: MARKS }]);
      clock.now = START + 6 * MINUTE_MS;
      await refuse('late');
      expect(await reopened(store)).toEqual([idOf('late')]);
    });

    test('are also those by code of a compile host, and what it refused, since what it made last passed', async () => {
      const { store, clock } = await fresh();
      const byHelper = { hostId: HELPER, deviceId: null, reason: DOUBT.reason };
      const ready = async (who: string, minutes: number, compiledBy?: string): Promise<void> => {
        clock.now = START + minutes * MINUTE_MS;
        await store.insertCandidates([candidate(who)]);
        const moved = { ...event('candidate.ready', who), data: compiledBy === undefined ? {} : { compiledBy } };
        await store.writeTransitions([{ candidateId: idOf(who), state: { status: 'ready', hostId: HOST }, event: moved }]);
      };
      const end = async (who: string, outcome: Outcome, compiledBy?: HostId): Promise<void> => {
        await store.complete([
          { candidateId: idOf(who), outcome, score: null, record: false, ...(compiledBy && { compiledBy }) },
        ]);
      };
      await ready('before', 1, HELPER);
      await end('before', WRONG);
      await store.writeCanaries([{ hostId: HELPER, deviceId: null, trustedAt: at(5), quarantine: null, marks: MARKS }]);
      await ready('wrong', 6, HELPER);
      await end('wrong', WRONG);
      await ready('own', 6);
      await end('own', WRONG);
      await ready('other', 6, 'somebody');
      await end('other', WRONG);
      await store.insertCandidates([candidate('refused')]);
      await end('refused', { verdict: 'compile_error', log: 'no' }, HELPER);
      clock.now = START + 8 * MINUTE_MS;
      // Not what the judging host's own compiler refused.
      expect(await reopened(store, { ...DOUBT, deviceId: OTHER })).toEqual([]);
      expect(await reopened(store, byHelper)).toEqual(['wrong', 'refused'].map(idOf));
      expect(await reopened(store, byHelper)).toEqual([]);
      const record = Candidate.parse(await store.candidate(idOf('wrong')));
      expect(record.judgedAgain).toMatchObject({ hostId: HELPER, deviceId: null, verdict: 'crashed' });
    });

    test('are never those that nobody judged: cancelled, a plan error', async () => {
      const { store } = await fresh();
      await judged(store, 'a', { minutes: 1, outcome: { verdict: 'cancelled' } });
      await store.insertCandidates([candidate('b', { outcome: { verdict: 'plan_error', field: 'launch', message: 'no' } })]);
      expect(await reopened(store)).toEqual([]);
    });

    test('give their record to the best that was confirmed elsewhere', async () => {
      const { store } = await fresh();
      for (const [who, deviceId, rankKey] of [
        ['good', OTHER, 2],
        ['doubtful', DEVICE, 9],
      ] as const) {
        await store.insertCandidates([candidate(who)]);
        await store.writeAttempts([attempt(who, 1, { deviceId, finishedAt: at(1) })]);
        const confirmed = { ...score(rankKey), confirmed: true };
        await store.complete([{ candidateId: idOf(who), outcome: passed, score: confirmed, record: true }]);
      }
      expect((await store.record(RANKING))?.candidateId).toBe(idOf('doubtful'));
      const { records } = await store.reopenDoubted(DOUBT);
      expect(records).toMatchObject([{ problem: 'softmax', deviceModel: MODEL, holder: { candidateId: idOf('good') } }]);
      expect((await store.record(RANKING))?.candidateId).toBe(idOf('good'));
      const ranking = await store.ranking({ problem: 'softmax', problemVersions: [VERSION], limit: 10 });
      expect(ranking.map(({ candidateId, record }) => [candidateId, record])).toEqual([[idOf('good'), true]]);
    });

    test('are not alone in the memory of a record holder: pairs of it that came to nothing are kept in order until one is measured', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('holder')]);
      await store.complete([{ candidateId: idOf('holder'), outcome: passed, score: score(2), record: true }]);
      expect(await store.record(RANKING)).toMatchObject({ candidateId: idOf('holder') });
      const [holder, former] = [idOf('holder'), idOf('former')];
      const note = (challenger: string, of = holder) => ({ holder: of, challenger: idOf(challenger) });
      await store.writePairs([note('a'), { holder, challenger: null }, note('c'), note('b'), note('c'), note('a', former)]);
      await store.writePairs([note('d'), note('b')]);
      expect(await store.failedPairs(9)).toEqual([note('c'), note('b'), note('d')]);
      expect(await store.failedPairs(2)).toEqual([note('b'), note('d')]);
      await store.writePairs([note('e'), { holder, challenger: null }]);
      expect(await store.failedPairs(9)).toEqual([]);
    });

    test('change nothing of a verdict otherwise: without a reason it stays as it is', async () => {
      const { store } = await fresh();
      await judged(store, 'a', { minutes: 1, outcome: passed });
      await expect(
        open().query(`update kiln.candidates set state = '{"status": "queued"}'::jsonb, score = null where id = $1`, [idOf('a')]),
      ).rejects.toThrow('its record cannot change');
    });

    test('are known after a restart: what a device’s canaries came to is kept', async () => {
      const { store } = await fresh();
      const quarantine = { reason: 'r', since: at(1), failures: 2, retryAt: at(2) };
      await store.writeCanaries([{ hostId: HOST, deviceId: DEVICE, trustedAt: null, quarantine: null, marks: MARKS }]);
      await store.writeCanaries([
        { hostId: HOST, deviceId: DEVICE, trustedAt: at(0), quarantine: null, marks: MARKS },
        { hostId: HOST, deviceId: DEVICE, trustedAt: at(0), quarantine, marks: MARKS },
      ]);
      const compiler = { hostId: HOST, deviceId: null, trustedAt: at(1), quarantine: null, marks: MARKS };
      await store.writeCanaries([compiler]);
      expect(await store.canaries()).toEqual([
        { hostId: HOST, deviceId: DEVICE, trustedAt: at(0), quarantine, marks: MARKS },
        compiler,
      ]);
    });
  });
};
