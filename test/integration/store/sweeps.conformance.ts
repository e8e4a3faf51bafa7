import { describe, expect, test } from 'vitest';
import { SubmitCandidate } from '../../../src/domain/api/candidates.ts';
import { SweepPoints, SweepResults } from '../../../src/domain/api/sweeps.ts';
import type { Sql } from '../../../src/store/sql.ts';
import { attempt, candidate, completion, idOf, score, sweepIdOf, sweepOf } from '../../support/builders.ts';
import { freshStore } from '../../support/fresh-store.ts';

const ID = sweepIdOf('tuning');
const page = { after: 0, limit: 100 };
const all = { after: -1, limit: 100 };

/** What every store must do for sweeps, over any database. */
export const describeSweeps = (name: string, open: () => Sql): void => {
  const fresh = async () => {
    const { store } = await freshStore(open());
    const statuses = async (): Promise<readonly unknown[]> =>
      (await store.events({ after: 0, limit: 100 })).flatMap(({ type, data }) =>
        type === 'sweep.created' || type === 'sweep.changed' ? [[type, data['sweepId'], data['status']]] : [],
      );
    return { store, statuses };
  };
  /** Three points: the first two have candidates, of which `b` was there before. */
  const begun = async () => {
    const { store } = await fresh();
    await store.createSweep(sweepOf('tuning'));
    await store.insertCandidates([candidate('b')]);
    await store.insertCandidates([candidate('a', { sweepId: ID })]);
    await store.askSweepPoints(
      ID,
      [0, 1, 2].map((number) => ({ number, point: 10 * number })),
    );
    await store.linkSweepPoints(
      ID,
      ['a', 'b'].map((who, number) => ({ number, candidateId: idOf(who) })),
    );
    return store;
  };

  describe(`a store on ${name}: sweeps`, () => {
    test('gives a sweep back as it was made, once however often it is made', async () => {
      const { store, statuses } = await fresh();
      const sweep = sweepOf('tuning');
      await store.createSweep(sweep);
      await store.createSweep(sweepOf('tuning', { seed: 9 }));
      const row = await store.sweepRow(ID);
      expect(row).toMatchObject({ id: ID, problem: 'softmax', device: 'H100', submitter: 'ada', status: 'running', ranMs: 0 });
      expect(row?.spec).toEqual(sweep.spec);
      expect(SubmitCandidate.parse(await store.sweepCandidate(ID))).toEqual(sweep.candidate);
      expect(await store.sweepRow(sweepIdOf('unknown'))).toBeNull();
      expect(await statuses()).toEqual([['sweep.created', ID, undefined]]);
    });

    test('says in the journal when its status changes, and only then; what is left out stays', async () => {
      const { store, statuses } = await fresh();
      const { spec } = sweepOf('tuning');
      await store.createSweep(sweepOf('tuning'));
      await store.updateSweep(ID, { ranMs: -5 });
      expect(await store.sweepRow(ID)).toMatchObject({ ranMs: 0 });
      await store.updateSweep(ID, { ranMs: 500 });
      await store.updateSweep(ID, { status: 'paused', reason: 'by ada' });
      await store.updateSweep(ID, { status: 'paused', spec: { ...spec, budget: { candidates: 7 } } });
      await store.updateSweep(sweepIdOf('unknown'), { status: 'paused' });
      expect(await store.sweepRow(ID)).toMatchObject({
        status: 'paused',
        reason: 'by ada',
        ranMs: 500,
        spec: { budget: { candidates: 7 } },
      });
      expect((await store.openSweeps()).map(({ id }) => id)).toEqual([ID]);
      await store.updateSweep(ID, { status: 'finished', reason: null });
      expect(await store.openSweeps()).toEqual([]);
      expect((await statuses()).slice(1)).toEqual([
        ['sweep.changed', ID, 'paused'],
        ['sweep.changed', ID, 'finished'],
      ]);
    });

    test('keeps points from asking over their candidates to their verdicts', async () => {
      const store = await begun();
      await store.askSweepPoints(ID, [{ number: 2, point: 99 }]);
      expect(await store.sweepTrail(ID, all)).toEqual([
        { number: 0, point: 0, candidateId: idOf('a'), reported: null, deviceMs: null, verdict: null, speedup: null },
        { number: 1, point: 10, candidateId: idOf('b'), reported: null, deviceMs: null, verdict: null, speedup: null },
        { number: 2, point: 20, candidateId: null, reported: null, deviceMs: null, verdict: null, speedup: null },
      ]);
      expect((await store.sweepTrail(ID, { after: 0, limit: 1 })).map(({ number }) => number)).toEqual([1]);
      expect(await store.unfinishedOfSweep(ID)).toEqual([idOf('a')]);
      expect(await store.cancelledWithWork()).toEqual([]);
      await store.updateSweep(ID, { status: 'cancelled' });
      expect(await store.cancelledWithWork()).toEqual([ID]);
      await store.updateSweep(ID, { status: 'running' });
      await store.complete([completion('b', 3)]);
      await store.reportSweepPoints(ID, [{ number: 1, reported: 1, deviceMs: 0 }]);
      expect(await store.sweepTrail(ID, { after: 0, limit: 1 })).toMatchObject([
        { reported: 1, deviceMs: 0, verdict: 'passed', speedup: 3 },
      ]);
    });

    test('counts the device time of a point for the sweep that submitted it first', async () => {
      const store = await begun();
      const phases = { waitedMs: 0, idleGapMs: 0, loadMs: 0, checkMs: 0, measureMs: 0, lockMs: 0, totalMs: 12 };
      await store.writeAttempts(['a', 'b'].flatMap((who) => [1, 2].map((number) => attempt(who, number, { phases }))));
      await store.complete([completion('a', 1.5), completion('b', 3)]);
      const verdicts = await store.sweepVerdicts(ID, ['a', 'b', 'nobody'].map(idOf));
      expect(verdicts.toSorted((x, y) => (x.speedup ?? 0) - (y.speedup ?? 0))).toEqual([
        { candidateId: idOf('a'), verdict: 'passed', speedup: 1.5, deviceMs: 24 },
        { candidateId: idOf('b'), verdict: 'passed', speedup: 3, deviceMs: 0 },
      ]);
      expect(await store.sweepVerdicts(ID, [])).toEqual([]);
    });

    test('gives results in the order in which they were reported, points by number, and counts both', async () => {
      const store = await begun();
      await store.complete([
        completion('a', 1),
        { candidateId: idOf('b'), outcome: { verdict: 'crashed', case: 'x', message: '' }, score: null, record: false },
      ]);
      await store.reportSweepPoints(ID, [
        { number: 1, reported: 1, deviceMs: 0 },
        { number: 0, reported: 2, deviceMs: 1500 },
      ]);
      const { results } = SweepResults.parse({ results: await store.sweepResults(ID, page), more: false });
      expect(results.map(({ number, reported, verdict, speedup }) => [number, reported, verdict, speedup])).toEqual([
        [1, 1, 'crashed', null],
        [0, 2, 'passed', score(1).speedup],
      ]);
      expect((await store.sweepResults(ID, { after: 1, limit: 9 })).map(({ reported }) => reported)).toEqual([2]);
      const { points } = SweepPoints.parse({ points: await store.sweepPoints(ID, all), next: null });
      expect(points.map(({ number, id }) => [number, id])).toEqual([
        [0, idOf('a')],
        [1, idOf('b')],
      ]);
      expect(await store.sweepCounts(ID)).toEqual({
        asked: 3,
        byStatus: { done: 2 },
        byVerdict: { passed: 1, crashed: 1 },
        gpuSeconds: 1.5,
      });
      expect((await store.sweepBest(ID, 10)).map(({ id }) => id)).toEqual([idOf('a')]);
      expect((await store.candidates({ limit: 10, sweep: ID })).candidates).toHaveLength(2);
      expect(await store.sweepTally(ID)).toEqual({ asked: 3, done: 2, passed: 1, best: 1, gpuSeconds: 1.5 });
      expect((await store.lastSweeps(10)).map(({ id }) => id)).toEqual([ID]);
      expect(await store.lastSweeps(0)).toEqual([]);
    });
  });
};
