import { describe, expect, onTestFinished, test } from 'vitest';
import { JournalEvent } from '../../../src/domain/journal.ts';
import type { Store } from '../../../src/domain/ports/store.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { createStore } from '../../../src/store/store.ts';
import type { Sql } from '../../../src/store/sql.ts';
import { attempt, cancelled, candidate, DEVICE, event, HOST, idOf, passed, score, timing } from '../../support/builders.ts';

const TABLES = ['candidates', 'sources', 'attempts', 'journal', 'backlog'].map((table) => `kiln.${table}`).join(', ');
const START = Date.parse('2026-01-01T00:00:00.000Z');

const judging = (name: string) => ({
  candidateId: idOf(name),
  state: { status: 'judging' as const, hostId: HOST, deviceId: DEVICE, attemptId: attempt(name).attemptId },
  event: event('candidate.judging', name),
});
const completion = (name: string) => ({ candidateId: idOf(name), outcome: passed, score: score(2), record: false });
const types = async (store: Store): Promise<string[]> => (await store.events({ after: 0, limit: 1000 })).map(({ type }) => type);

/** Of one candidate, beside one that only moves. */
const progress = (each: string) => ({
  transitions: [
    {
      candidateId: idOf(each),
      state: { status: 'queued' as const },
      infraFailure: true,
      event: event('candidate.requeued', each),
    },
    { ...judging('elsewhere') },
    { ...judging(each), compileLog: 'a warning', resources: { add: { registers: 32, sharedBytes: 0, spillBytes: 0 } } },
  ],
  completions: [completion(each)],
});

const nameless = (told: object): unknown =>
  JSON.parse(JSON.stringify(told).replaceAll(idOf('one'), '').replaceAll(idOf('other'), ''));

const counts = async (store: Store): Promise<Record<string, number>> => {
  const { rows } = await store.backlog();
  return Object.fromEntries(rows.map(({ device, submitter, count }) => [`${device} ${submitter}`, count]));
};

const listed = async (store: Store, after = 0) =>
  (await store.events({ after, limit: 100 })).map(({ sequence, type, candidateId }) => [sequence, type, candidateId]);

/** What every store must do to stay small and fast, over any database. */
export const describeUpkeep = (name: string, open: () => Sql): void => {
  const fresh = async (): Promise<{ readonly store: Store; readonly clock: { now: number } }> => {
    await open().script(`truncate ${TABLES} restart identity cascade`);
    const clock = { now: START };
    const store: Store = createStore(open(), { now: () => clock.now });
    onTestFinished(async () => store.close());
    return { store, clock };
  };

  describe(`a store on ${name}: writes in one transaction`, () => {
    test('are all there, in order', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a')]);
      await store.together(async (writes) => {
        await writes.writeTransitions([judging('a')]);
        await writes.writeAttempts([attempt('a')]);
        await writes.complete([completion('a')]);
      });
      expect(await store.candidate(idOf('a'))).toMatchObject({ state: { status: 'done' }, attempts: [{ verdict: 'passed' }] });
      expect(await types(store)).toEqual(['candidate.queued', 'candidate.judging', 'candidate.done']);
    });

    test('say of who moves and ends in one batch what they say one after the other', async () => {
      const { store } = await fresh();
      const ways = ['one', 'other'];
      await store.insertCandidates([...ways, 'elsewhere'].map((each) => candidate(each)));
      const whole = async (each: string) => {
        const { id: _id, submission: _submission, ...row } = (await store.candidate(idOf(each))) ?? {};
        const events = await store.events({ after: 0, limit: 100, candidateId: idOf(each) });
        return { row, events: events.map(({ type, hostId, data }) => ({ type, hostId, data })) };
      };
      await store.together(async (writes) => writes.writeProgress(progress('one')));
      await store.writeTransitions(progress('other').transitions);
      await store.complete(progress('other').completions);
      const one = await whole('one');
      expect(one).toMatchObject({ row: { state: { status: 'done' }, infraFailures: 1, compileLog: 'a warning' } });
      expect(one.events.map(({ type, hostId }) => [type, hostId])).toContainEqual(['candidate.done', HOST]);
      expect(nameless(one)).toEqual(nameless(await whole('other')));
      expect((await store.candidate(idOf('elsewhere')))?.state).toMatchObject({ status: 'judging' });
      expect(await counts(store)).toEqual({ 'H100 ada': 1 });
    });

    test('keep the times of an attempt, whether they are those of the final word of its batch or not', async () => {
      const { store } = await fresh();
      await store.insertCandidates(['passed', 'late', 'screened'].map((each) => candidate(each)));
      await store.complete([{ ...completion('late'), outcome: { verdict: 'cancelled' }, score: null }]);
      const timings = [{ ...timing, case: 'of the final word' }];
      const own = [{ ...timing, case: 'its own' }];
      const completions = ['passed', 'late'].map((each) => ({
        ...completion(each),
        outcome: { verdict: 'passed' as const, timings, checkedCases: 3 },
      }));
      const attempts = [
        attempt('passed', 1, { timings: own }),
        attempt('passed', 2, { timings }),
        attempt('late', 1, { timings }),
        attempt('screened', 1, { timings }),
      ];
      await store.writeProgress({ transitions: [], completions, attempts });
      await store.writeProgress({ transitions: [], completions: [], attempts });
      const told = async (each: string) => (await store.candidate(idOf(each)))?.attempts.map((kept) => kept.timings);
      expect(await told('passed')).toEqual([own, timings]);
      expect(await told('late')).toEqual([timings]);
      expect(await told('screened')).toEqual([timings]);
      expect((await store.candidate(idOf('late')))?.state).toMatchObject({ outcome: { verdict: 'cancelled' } });
    });

    test('are none of them there when the last statement of one fails', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a')]);
      const failing = store.writeProgress({ ...progress('a'), attempts: [attempt('a', 1, { verdict: 'wrong_answer' })] });
      await expect(failing).rejects.toThrow('attempts_timings_when_passed');
      expect(await store.candidate(idOf('a'))).toMatchObject({ state: { status: 'queued' }, attempts: [] });
      expect(await types(store)).toEqual(['candidate.queued']);
      expect(await counts(store)).toEqual({ 'H100 ada': 1 });
    });

    test('are none of them there when one fails', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a')]);
      const failing = store.together(async (writes) => {
        await writes.writeTransitions([judging('a')]);
        await writes.writeAttempts([attempt('a', 1, { verdict: 'wrong_answer' })]);
      });
      await expect(failing).rejects.toThrow('attempts_timings_when_passed');
      expect(await store.candidate(idOf('a'))).toMatchObject({ state: { status: 'queued' }, attempts: [] });
      expect(await types(store)).toEqual(['candidate.queued']);
    });
  });

  describe(`a store on ${name}: a journal`, () => {
    test('of before tells of what was queued again by the event that it has now', async () => {
      const { store } = await fresh();
      await open().script(`insert into kiln.journal (at, type, data) values
          (now(), 'candidate.queued', '{}'), (now(), 'candidate.queued', '{"again": true, "effort": "full"}');
        delete from kiln.migrations where name like '%queued_again.sql'`);
      await migrate(open());
      expect((await store.events({ after: 0, limit: 9 })).map(({ type, data }) => [type, data])).toEqual([
        ['candidate.queued', {}],
        ['candidate.queued_again', { effort: 'full' }],
      ]);
    });
  });

  describe(`a store on ${name}: a candidate that moves`, () => {
    test('is updated in place: no index names what a move changes', async () => {
      const changed = ['state', 'status', 'updated_at', 'last_attempt', 'infra_failures', 'compile_log', 'resources'];
      const indexes = await open().query<{ name: string; column: string }>(
        `select distinct indexrelid::regclass::text as name, attname as column
         from pg_index join pg_depend on classid = 'pg_class'::regclass and objid = indexrelid and refobjid = indrelid and refobjsubid > 0
         join pg_attribute on attrelid = indrelid and attnum = refobjsubid
         where indrelid = 'kiln.candidates'::regclass`,
      );
      expect(indexes).not.toEqual([]);
      expect(indexes.filter(({ column }) => changed.includes(column))).toEqual([]);
    });
  });

  describe(`a store on ${name}: whose turn it is`, () => {
    test('tells the first of submitters’ candidates for a class that are not done, a list for each wish', async () => {
      const { store } = await fresh();
      await store.insertCandidates([
        ...['a', 'b', 'c', 'd'].map((each) => candidate(each, { submitter: 'grace', priority: each === 'c' ? 1 : 100 })),
        candidate('other', { submitter: 'ada' }),
        candidate('elsewhere', { submitter: 'grace', content: { device: 'A100' } }),
      ]);
      await store.complete([completion('a')]);
      const grace = { device: 'H100', submitter: 'grace', limit: 10 };
      expect(await store.first([grace])).toEqual([['c', 'b', 'd'].map(idOf)]);
      const wishes = [
        { ...grace, device: 'A100' },
        { ...grace, limit: 2 },
        { ...grace, submitter: 'nobody' },
        { ...grace, submitter: 'ada' },
      ];
      expect(await store.first(wishes)).toEqual([['elsewhere'], ['c', 'b'], [], ['other']].map((names) => names.map(idOf)));
      expect(await store.first([])).toEqual([]);
    });
  });

  describe(`a store on ${name}: the journal's beginning`, () => {
    const LATER = START + 1000;

    /** `done` ended long ago, `open` was submitted then and never ended, `late` came later. */
    const filled = async (): Promise<Store> => {
      const { store, clock } = await fresh();
      await store.insertCandidates([candidate('open'), candidate('done')]);
      await store.complete([completion('done')]);
      clock.now = LATER + 1;
      await store.insertCandidates([candidate('late')]);
      return store;
    };
    test('is removed but for what belongs to candidates that are not done, and a mark says so', async () => {
      const store = await filled();
      expect(await store.trimJournal({ after: 0, beforeMs: LATER })).toEqual({ removed: 2, next: null });
      const kept = [1, 'candidate.queued', idOf('open')];
      const rest = [
        [3, 'journal.trimmed', null],
        [4, 'candidate.queued', idOf('late')],
      ];
      expect(await listed(store)).toEqual([kept, ...rest]);
      expect(await listed(store, 2)).toEqual(rest);
      expect(await listed(store, 3)).toEqual(rest.slice(1));
      const [, mark] = await store.events({ after: 0, limit: 2 });
      expect(JournalEvent.parse(mark).data).toEqual({ removed: 2, before: new Date(LATER).toISOString() });
    });

    test('is removed further later, with one mark that never goes back', async () => {
      const store = await filled();
      await store.trimJournal({ after: 0, beforeMs: LATER });
      expect(await store.trimJournal({ after: 0, beforeMs: LATER })).toEqual({ removed: 0, next: null });
      await store.complete([completion('open')]);
      expect(await store.trimJournal({ after: 0, beforeMs: LATER })).toEqual({ removed: 1, next: null });
      expect((await listed(store)).slice(0, 2)).toEqual([
        [3, 'journal.trimmed', null],
        [4, 'candidate.queued', idOf('late')],
      ]);
      expect(await store.lastSequence()).toBe(5);
    });

    test('never gives a number out twice', async () => {
      const store = await filled();
      await store.complete([completion('open'), completion('late')]);
      await store.trimJournal({ after: 0, beforeMs: LATER + 60_000 });
      expect(await listed(store)).toEqual([[6, 'journal.trimmed', null]]);
      await store.appendEvents([event('daemon.started')]);
      expect(await listed(store, 6)).toEqual([[7, 'daemon.started', null]]);
    });
  });

  describe(`a store on ${name}: what is not done`, () => {
    test('is counted once for each candidate, whatever comes twice', async () => {
      const { store } = await fresh();
      const planError = { verdict: 'plan_error', field: 'launch', message: 'none' } as const;
      await store.insertCandidates([candidate('a'), candidate('a'), candidate('b', { content: { device: 'cpu' } })]);
      await store.insertCandidates([
        candidate('a'),
        candidate('c', { submitter: 'grace' }),
        candidate('d', { outcome: planError }),
      ]);
      expect(await counts(store)).toEqual({ 'H100 ada': 1, 'cpu ada': 1, 'H100 grace': 1 });
      await store.writeTransitions([judging('a')]);
      await store.complete([completion('a'), completion('a')]);
      await store.complete([completion('a')]);
      expect(await counts(store)).toEqual({ 'cpu ada': 1, 'H100 grace': 1 });
    });

    test('is counted again when a candidate is queued again', async () => {
      const { store } = await fresh();
      await store.insertCandidates([candidate('a')]);
      await store.complete([{ candidateId: idOf('a'), outcome: cancelled, score: null, record: false }]);
      expect(await store.backlog()).toEqual({ rows: [], oldestSubmittedAtMs: null });
      await store.reopen([idOf('a'), idOf('nobody')]);
      await store.reopen([idOf('a')]);
      expect(await store.backlog()).toEqual({
        rows: [{ device: 'H100', submitter: 'ada', count: 1 }],
        oldestSubmittedAtMs: START,
      });
    });
  });
};
