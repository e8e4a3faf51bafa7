import { describe, expect, onTestFinished, test } from 'vitest';
import { CampaignId } from '../../../src/domain/ids.ts';
import { Candidate } from '../../../src/domain/candidate.ts';
import { JournalEvent } from '../../../src/domain/journal.ts';
import type { Store } from '../../../src/domain/ports/store.ts';
import type { Sql } from '../../../src/store/sql.ts';
import { createStore, type SqlStore } from '../../../src/store/store.ts';
import { candidate, idOf, passed, RANKING, score, sweepIdOf, sweepOf } from '../../support/builders.ts';

const CAMPAIGN = CampaignId.parse(`k-${'0'.repeat(16)}`);
const AT = Date.parse('2026-01-01T00:00:00.000Z');

const waiting = async (store: Store): Promise<number> =>
  (await store.backlog()).rows.reduce((total, { count }) => total + count, 0);
const last = async (store: Store) => JournalEvent.parse((await store.events({ after: 0, limit: 100 })).at(-1));

/** Candidates that are found together, paused, resumed, given another priority, and judged again. */
export const describeSteering = (name: string, open: () => Sql): void => {
  const fresh = async (...who: readonly string[]): Promise<SqlStore> => {
    await open().script(
      'truncate kiln.candidates, kiln.attempts, kiln.journal, kiln.records, kiln.canaries, kiln.backlog, kiln.sources, kiln.profiles, kiln.sweeps, kiln.sweep_points restart identity',
    );
    const store: SqlStore = createStore(open(), { now: () => AT });
    onTestFinished(async () => store.close());
    await store.insertCandidates(who.map((one) => candidate(one)));
    return store;
  };
  describe(`a store on ${name}: candidates that are steered`, () => {
    test('are found by all of what is given, done or not, a page at a time', async () => {
      const store = await fresh('a', 'b', 'c');
      await store.createSweep(sweepOf('s'));
      await store.askSweepPoints(
        sweepIdOf('s'),
        [0, 1].map((number) => ({ number, point: number })),
      );
      await store.linkSweepPoints(
        sweepIdOf('s'),
        ['a', 'c'].map((one, number) => ({ number, candidateId: idOf(one) })),
      );
      await store.complete([{ candidateId: idOf('c'), outcome: passed, score: score(2), record: false }]);
      const find = async (select: Parameters<Store['selected']>[0]['select'], isDone = false) =>
        (await store.selected({ select, isDone, after: null, limit: 10 })).map(({ id }) => id);
      expect(await find({ sweep: sweepIdOf('s') })).toEqual([idOf('a')]);
      expect(await find({ sweep: sweepIdOf('s') }, true)).toEqual([idOf('c')]);
      expect(await find({ submitter: 'ada', device: 'h100', status: 'queued' })).toEqual(['a', 'b'].map(idOf));
      expect(await find({ verdict: 'passed' }, true)).toEqual([idOf('c')]);
      expect(await find({ problem: 'vector_add' })).toEqual([]);
      expect(await find({ campaign: CAMPAIGN })).toEqual([]);
      const [first] = await store.selected({ select: { all: true }, isDone: false, after: null, limit: 1 });
      const rest = await store.selected({ select: { all: true }, isDone: false, after: first?.order ?? null, limit: 10 });
      expect([first?.id, ...rest.map(({ id }) => id)]).toEqual(['a', 'b'].map(idOf));
    });

    test('and are paused, are not to be judged, are not in the backlog, and say since when and why', async () => {
      const store = await fresh('a', 'b');
      expect(await store.pause(['a', 'b', 'nobody'].map(idOf), 'too many')).toEqual(['a', 'b'].map(idOf));
      expect(await store.pause([idOf('a')], null)).toEqual([]);
      expect(await last(store)).toMatchObject({ type: 'candidate.paused', candidateId: idOf('b'), data: { reason: 'too many' } });
      expect(Candidate.parse(await store.candidate(idOf('a'))).paused).toEqual({
        at: new Date(AT).toISOString(),
        reason: 'too many',
      });
      expect(await store.pending(['a', 'b'].map(idOf))).toEqual([]);
      expect(await store.unfinished(10, null)).toEqual([]);
      expect(await store.first([{ device: 'H100', submitter: 'ada', limit: 5 }])).toEqual([[]]);
      expect(await waiting(store)).toBe(0);
      expect(await store.paused()).toEqual([{ device: 'H100', submitter: 'ada', count: 2 }]);
      expect(await store.unpause(['a', 'b'].map(idOf), null)).toEqual(['a', 'b'].map(idOf));
      expect(await store.unpause([idOf('a')], null)).toEqual([]);
      expect(await waiting(store)).toBe(2);
      expect((await store.pending(['a', 'b'].map(idOf))).length).toBe(2);
    });

    test('and end while they are paused, are counted once, and are not paused any more', async () => {
      const store = await fresh('a', 'b');
      await store.pause([idOf('a')], null);
      await store.complete([{ candidateId: idOf('a'), outcome: passed, score: score(2), record: false }]);
      expect(await waiting(store)).toBe(1);
      expect(await store.candidate(idOf('a'))).toMatchObject({ paused: null, state: { status: 'done' } });
      expect(await store.pause([idOf('a')], null)).toEqual([]);
    });

    test('and get another priority, come elsewhere in their submitter’s order', async () => {
      const store = await fresh('a', 'b', 'c');
      expect(await store.countBefore(idOf('c'), 10)).toBe(2);
      expect(await store.reprioritise([idOf('c')], { priority: 1, reason: null })).toEqual([idOf('c')]);
      expect(await store.reprioritise([idOf('c')], { priority: 1, reason: null })).toEqual([]);
      expect(await last(store)).toMatchObject({ type: 'candidate.reprioritised', data: { priority: 1 } });
      expect(await store.first([{ device: 'H100', submitter: 'ada', limit: 1 }])).toEqual([[idOf('c')]]);
      expect(await store.countBefore(idOf('c'), 10)).toBe(0);
      expect(await store.countBefore(idOf('b'), 1)).toBe(1);
    });

    test('and are judged again for a reason, are queued, say what they were, and give their records to the best that is left', async () => {
      const store = await fresh('a', 'b', 'bad');
      for (const [who, record] of [
        ['a', false],
        ['b', true],
      ] as const)
        await store.complete([
          { candidateId: idOf(who), outcome: passed, score: { ...score(who === 'a' ? 2 : 3), confirmed: true }, record },
        ]);
      const plan = { verdict: 'plan_error', field: 'grid', message: 'no' } as const;
      await store.complete([{ candidateId: idOf('bad'), outcome: plan, score: null, record: false }]);
      const { candidates, records } = await store.rejudge(['b', 'bad', 'nobody'].map(idOf), 'its clock was wrong');
      expect(candidates.map(({ id }) => id)).toEqual([idOf('b')]);
      expect(records.map(({ holder }) => holder?.candidateId)).toEqual([idOf('a')]);
      expect((await store.record(RANKING))?.candidateId).toBe(idOf('a'));
      expect(await store.candidate(idOf('b'))).toMatchObject({
        state: { status: 'queued' },
        score: null,
        judgedAgain: { hostId: null, deviceId: null, reason: 'its clock was wrong', verdict: 'passed', speedup: 3 },
      });
      const events = (await store.events({ after: 0, limit: 100 })).map((event) => JournalEvent.parse(event));
      expect(events.find(({ type }) => type === 'candidate.reopened')).toMatchObject({
        candidateId: idOf('b'),
        data: { verdict: 'passed', reason: 'its clock was wrong', asked: true },
      });
      expect(await waiting(store)).toBe(1);
      expect(await store.rejudge([idOf('b')], 'again')).toEqual({ candidates: [], records: [] });
    });
  });
};
