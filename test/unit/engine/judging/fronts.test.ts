import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { CandidateId } from '../../../../src/domain/ids.ts';
import type { FrontKey, Resumed } from '../../../../src/domain/ports/store.ts';
import type { Front } from '../../../../src/domain/ranking/front.ts';
import { createFronts } from '../../../../src/engine/judging/fronts.ts';
import { rankingKeysOn } from '../../../../src/engine/judging/ranking-keys.ts';
import { createStoppedReview } from '../../../../src/engine/judging/reopen-stopped.ts';
import type { StoppedSlice } from '../../../../src/engine/state.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';
import { idOf, MODEL, score, timing } from '../../../support/builders.ts';

const KEY: FrontKey = { problem: 'softmax', problemVersion: 'v1', deviceModel: MODEL };
const OTHER: FrontKey = { ...KEY, problem: 'copy' };
const problems = loadProblems(join(import.meta.dirname, '../../../../kernels'));
const NEEDED = { speedup: 2, timeNs: 500 };
const entry = (name: string, rankKey: number) => ({
  candidateId: idOf(name),
  rankKey,
  timeNs: 1000 / rankKey,
  caseNs: { large: 1000 },
});
const scored = (name: string, rankKey: number) => ({ candidateId: idOf(name), score: score(rankKey), timings: [timing] });
const stopped = (name: string, speedupMost: number) => ({
  ...scored(name, speedupMost / 2),
  score: {
    ...score(speedupMost / 2),
    stopped: { after: 'runs' as const, case: 'large', speedupMost, timeLeastNs: 1000 / speedupMost, needed: NEEDED },
  },
});

/** A store that holds `front`, and answers a review with the next of `resumed`. */
const rig = (front: Front, resumed: readonly Resumed[] = []) => {
  const answers = [...resumed];
  const asked: unknown[] = [];
  const queued: CandidateId[] = [];
  const duringReads: (() => void)[] = [];
  const duringReviews: (() => void)[] = [];
  const store = {
    front: async () => {
      duringReads.shift()?.();
      return Promise.resolve(front);
    },
    withStopped: async (keys: readonly FrontKey[]) => Promise.resolve(keys.slice(0, 1)),
    reopenInReach: async (_key: FrontKey, needed: unknown) => {
      asked.push(needed);
      duringReviews.shift()?.();
      return Promise.resolve(answers.shift() ?? { isWaiting: false, candidates: [] });
    },
  };
  const fronts = createFronts(store, problems.values(), 2);
  let looked = Promise.withResolvers<void>();
  const parts: StoppedSlice = {
    fronts,
    store,
    log: pino({ level: 'silent' }),
    jobsEnded: async () => Promise.resolve(),
    monotonicMs: () => {
      looked.resolve();
      return 0;
    },
    isRunning: () => true,
    metrics: { onReopened: () => undefined },
    queue: {
      add: async (jobs: readonly { candidateId: CandidateId }[]) =>
        void queued.push(...jobs.map(({ candidateId }) => candidateId)),
    },
    wake: () => undefined,
    notify: () => undefined,
    onUnqueued: () => undefined,
  };
  const review = async (): Promise<void> => {
    looked = Promise.withResolvers();
    createStoppedReview(parts).onTick(0);
    await looked.promise;
  };
  return { fronts, asked, queued, review, duringReads, duringReviews };
};

describe('the fronts that candidates are raced against', () => {
  test('hold what was timed to the end, and what the record holder was measured at last', () => {
    const { fronts } = rig([]);
    fronts.note(KEY, scored('a', 2));
    fronts.note(KEY, scored('b', 3));
    fronts.note(KEY, scored('c', 1));
    fronts.refine(KEY, { candidateId: idOf('b'), score: score(2.9) });
    fronts.refine(KEY, { candidateId: idOf('nobody'), score: score(9) });
    expect(fronts.front(KEY).map(({ rankKey }) => rankKey)).toEqual([2.9, 2]);
    expect(fronts.doubted()).toEqual([]);
  });

  test('are in doubt where somebody was stopped whom they are within reach of now', () => {
    const { fronts } = rig([]);
    fronts.note(KEY, scored('a', 2));
    fronts.note(KEY, scored('b', 3));
    fronts.note(KEY, stopped('c', 1.9));
    expect(fronts.doubted()).toEqual([]);
    fronts.note(KEY, stopped('d', 2.1));
    expect(fronts.doubted()).toEqual([KEY]);
  });

  test('are in doubt once verdicts were taken back, and read again: who was noted meanwhile stays', async () => {
    const { fronts, review, asked } = rig([entry('b', 3), entry('c', 1)]);
    fronts.note(KEY, scored('a', 2));
    fronts.note(KEY, scored('b', 3));
    fronts.onTakenBack([idOf('b')]);
    fronts.note(KEY, scored('new', 1.5));
    expect(fronts.doubted()).toEqual([KEY]);
    await review();
    expect(fronts.front(KEY).map(({ rankKey }) => rankKey)).toEqual([3, 2]);
    expect(asked).toEqual([{ speedup: 2, timeNs: 500 }]);
    expect(fronts.doubted()).toEqual([]);
  });

  test('are in doubt only where they lost somebody', () => {
    const { fronts } = rig([]);
    fronts.note(KEY, scored('a', 2));
    fronts.note(OTHER, scored('b', 2));
    fronts.onTakenBack([idOf('b'), idOf('of no front')]);
    expect(fronts.doubted()).toEqual([OTHER]);
  });

  test('hold nobody who was taken back while the store was asked', async () => {
    const { fronts, duringReads } = rig([entry('a', 3), entry('b', 2)]);
    duringReads.push(() => fronts.onTakenBack([idOf('a')]));
    expect((await fronts.read(KEY)).map(({ candidateId }) => candidateId)).toEqual([idOf('b')]);
    expect((await fronts.read(KEY)).map(({ candidateId }) => candidateId)).toEqual([idOf('a'), idOf('b')]);
  });

  test('are read when a device model appears, and are in doubt where somebody was stopped', async () => {
    const { fronts } = rig([entry('a', 3)]);
    const model = { model: MODEL, target: 'gpu' } as const;
    const [first, second] = rankingKeysOn(problems.values(), model);
    await fronts.ensure([model]);
    expect(fronts.doubted()).toEqual([first]);
    expect(second && fronts.front(second)).toEqual([entry('a', 3)]);
  });

  test('stay in doubt that comes while the store is asked: who was stopped then may not be in it yet', async () => {
    const { fronts, review, duringReviews } = rig([]);
    fronts.note(KEY, stopped('c', 1.9));
    duringReviews.push(() => fronts.doubt(KEY));
    await review();
    expect(fronts.doubted()).toEqual([KEY]);
    await review();
    expect(fronts.doubted()).toEqual([]);
  });

  test('stay in doubt while the store waits, and until nobody is left who could reach them', async () => {
    const one = { isWaiting: false, candidates: [{ id: idOf('c'), priority: 1 }] };
    const { fronts, review, queued } = rig([entry('a', 2)], [{ isWaiting: true, candidates: [] }, one]);
    fronts.note(KEY, stopped('c', 1.9));
    await review();
    expect([fronts.doubted(), queued]).toEqual([[KEY], []]);
    await review();
    await review();
    expect(queued).toEqual([idOf('c')]);
    expect(fronts.doubted()).toEqual([]);
  });
});
