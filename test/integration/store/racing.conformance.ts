import { describe, expect, test } from 'vitest';
import type { Sql } from '../../../src/store/sql.ts';
import { attempt, candidate, completion, DEVICE, HOST, idOf, MODEL, score, VERSION } from '../../support/builders.ts';
import { freshStore } from '../../support/fresh-store.ts';

const KEY = { problem: 'softmax', problemVersion: VERSION, deviceModel: MODEL };
const NEEDED = { speedup: 2, timeNs: 500 };

/** It can come to `most` at best. */
const stopped = (who: string, most: number) => ({
  ...completion(who, most / 2),
  score: {
    ...score(most / 2),
    stopped: { after: 'runs' as const, case: 'large', speedupMost: most, timeLeastNs: 1000 / most, needed: NEEDED },
  },
});

/** What every store must know of candidates that were stopped early. `open` gives the one migrated database of the suite. */
export const describeRacing = (name: string, open: () => Sql): void => {
  const fresh = async (...names: readonly string[]) => {
    const { store } = await freshStore(open());
    await store.insertCandidates(names.map((one) => candidate(one)));
    return store;
  };

  describe(`a store on ${name}: candidates that were stopped early`, () => {
    test('rank below all that were timed to the end, and stand in no front', async () => {
      const store = await fresh('slow', 'stopped', 'fast');
      await store.complete([completion('slow', 0.1), stopped('stopped', 1.8), completion('fast', 3)]);
      const ranking = await store.ranking({ problem: 'softmax', problemVersions: [VERSION], limit: 9 });
      expect(ranking.map(({ candidateId }) => candidateId)).toEqual(['fast', 'slow', 'stopped'].map(idOf));
      const front = await store.front(KEY, 9);
      expect(front.map(({ candidateId, rankKey, timeNs }) => [candidateId, rankKey, timeNs])).toEqual([
        [idOf('fast'), 3, 1000 / 3],
        [idOf('slow'), 0.1, 10_000],
      ]);
      expect(front[0]?.caseNs).toEqual({ large: 1000 });
      expect((await store.front(KEY, 1)).map(({ candidateId }) => candidateId)).toEqual([idOf('fast')]);
    });

    test('tell which rankings they are of', async () => {
      const store = await fresh('full', 'stopped');
      const other = { ...KEY, deviceModel: 'another' };
      await store.complete([completion('full', 2)]);
      expect(await store.withStopped([KEY, other])).toEqual([]);
      await store.complete([stopped('stopped', 1)]);
      expect(await store.withStopped([KEY, other])).toEqual([KEY]);
      expect(await store.withStopped([])).toEqual([]);
    });

    test('are judged again where the front came within their reach, and nobody else is', async () => {
      const store = await fresh('far', 'near', 'full');
      await store.complete([stopped('far', 1), stopped('near', 1.8), completion('full', 0.5)]);
      expect(await store.reopenInReach(KEY, NEEDED)).toEqual({ isWaiting: false, candidates: [] });
      const lower = await store.reopenInReach(KEY, { speedup: 1.7, timeNs: 400 });
      expect(lower).toEqual({ isWaiting: false, candidates: [{ id: idOf('near'), priority: 100 }] });
      expect(await store.candidate(idOf('near'))).toMatchObject({ state: { status: 'queued' }, score: null });
      const [{ type, data } = {}] = (await store.events({ after: 0, limit: 99, candidateId: idOf('near') })).slice(-1);
      expect([type, data?.['verdict']]).toEqual(['candidate.reopened', 'passed']);
      expect((await store.reopenInReach(KEY, null)).candidates.map(({ id }) => id)).toEqual([idOf('far')]);
      expect((await store.backlog()).rows.map(({ count }) => count)).toEqual([2]);
    });

    test('wait for the verdicts of their ranking that were taken back', async () => {
      const store = await fresh('near', 'doubted');
      await store.complete([stopped('near', 1.8), completion('doubted', 2)]);
      await store.writeAttempts([attempt('doubted', 1, { verdict: 'passed' })]);
      await store.reopenDoubted({ hostId: HOST, deviceId: DEVICE, reason: 'wrong' });
      expect(await store.reopenInReach(KEY, null)).toEqual({ isWaiting: true, candidates: [] });
      await store.complete([completion('doubted', 2)]);
      expect((await store.reopenInReach(KEY, null)).candidates.map(({ id }) => id)).toEqual([idOf('near')]);
    });

    test('are timed to the end once somebody asks for it, also after they were put back', async () => {
      const store = await fresh('stopped', 'full', 'queued');
      await store.complete([stopped('stopped', 1), completion('full', 2)]);
      expect(await store.measureInFull(['stopped', 'full', 'queued'].map(idOf))).toEqual([idOf('stopped')]);
      const pending = await store.pending(['stopped', 'full', 'queued'].map(idOf));
      expect(new Map(pending.map(({ id, submission }) => [id, submission.effort]))).toEqual(
        new Map([
          [idOf('stopped'), 'full'],
          [idOf('queued'), 'full'],
        ]),
      );
    });
  });
};
