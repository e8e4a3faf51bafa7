import { describe, expect, test } from 'vitest';
import { Activity } from '../../../src/domain/api/activity.ts';
import { CandidateSummary } from '../../../src/domain/api/candidates.ts';
import { LanesView } from '../../../src/domain/api/lanes.ts';
import { ProgressView, RecordList } from '../../../src/domain/api/problems.ts';
import type { Sql } from '../../../src/store/sql.ts';
import {
  attempt,
  candidate,
  completion,
  HOST,
  idOf,
  MODEL,
  score,
  scoreByAnswers,
  sweepIdOf,
  VERSION,
} from '../../support/builders.ts';
import { freshStore } from '../../support/fresh-store.ts';

const at = (second: number): string => new Date(Date.parse('2026-01-01T00:00:00.000Z') + second * 1000).toISOString();
const confirmed = (name: string, rankKey: number) => ({
  ...completion(name, rankKey, true),
  score: { ...score(rankKey), confirmed: true },
});

/** What every store must answer to those who look, over any database. */
export const describeViews = (name: string, open: () => Sql): void => {
  describe(`a store on ${name}: answers for those who look`, () => {
    test('tells the attempts since a moment, oldest first, the newest where they are too many', async () => {
      const { store } = await freshStore(open());
      await store.insertCandidates(['a', 'b', 'c'].map((one) => candidate(one)));
      await store.writeAttempts([
        attempt('a', 1, { finishedAt: at(1) }),
        attempt('b', 1, { finishedAt: at(3), verdict: null, infra: 'lost', timings: [], phases: null }),
        attempt('c', 1, { finishedAt: at(2) }),
      ]);
      const all = await store.views.activity({ since: at(1), limit: 10 });
      expect(all.map((one) => Activity.parse(one).attemptId)).toEqual([`${idOf('c')}.1`, `${idOf('b')}.1`]);
      expect(all[0]).toMatchObject({ problem: 'softmax', hostId: HOST, loadMs: 1, checkMs: 1, measureMs: 1, infra: null });
      expect(all[1]).toMatchObject({ infra: 'lost', measureMs: 0 });
      expect(await store.views.activity({ since: at(0), limit: 1 })).toMatchObject([{ finishedAt: at(3) }]);
    });

    test('sums up the time of each device in steps, all of it however many attempts there were', async () => {
      const { store } = await freshStore(open());
      const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
      await store.insertCandidates(names.map((one) => candidate(one)));
      await store.writeAttempts(
        names.map((one, index) =>
          index === 29
            ? attempt(one, 1, { startedAt: at(55), finishedAt: at(58), verdict: 'crashed', timings: [] })
            : attempt(one, 1, { finishedAt: at(index * 2) }),
        ),
      );
      const steps = { since: new Date(at(0)), until: new Date(at(58)), stepMs: 10_000 };
      const lanes = await store.views.lanes(steps);
      expect(LanesView.parse({ since: at(0), until: at(58), ...lanes }).devices).toEqual([
        {
          deviceId: attempt('n1').deviceId,
          endMs: [10_000, 20_000, 30_000, 40_000, 50_000, 58_000],
          waitingMs: [0, 0, 0, 0, 0, 0],
          loadingMs: [5, 5, 5, 5, 5, 3],
          checkingMs: [5, 5, 5, 5, 5, 3],
          measuringMs: [5, 5, 5, 5, 5, 3],
          faultMs: [0, 0, 0, 0, 0, 3000],
        },
      ]);
      const counted = Map.groupBy(lanes.verdicts, ({ verdict }) => verdict);
      const sums = [...counted].map(([verdict, rows]) => [verdict, rows.reduce((sum, { count }) => sum + count, 0)]);
      expect(Object.fromEntries(sums)).toEqual({ passed: 28, crashed: 1 });
    });

    test('tells candidates in a line each, newest first, in pages, by what they are', async () => {
      const { store } = await freshStore(open());
      await store.insertCandidates([
        candidate('a'),
        candidate('b', { content: { language: 'triton', device: 'A100' } }),
        candidate('c', { submitter: 'bob' }),
      ]);
      await store.complete([{ ...completion('a', 2), score: scoreByAnswers(2) }]);
      const page = await store.views.summaries({ limit: 2 });
      expect(page.candidates.map((one) => CandidateSummary.parse(one).id)).toEqual([idOf('c'), idOf('b')]);
      const rest = await store.views.summaries({ limit: 2, cursor: page.next ?? '' });
      expect(rest).toMatchObject({
        candidates: [{ id: idOf('a'), verdict: 'passed', speedup: 2, answers: { uncertaintyNs: 8400 } }],
        next: null,
      });
      const found = async (query: object) => (await store.views.summaries({ limit: 9, ...query })).candidates.map(({ id }) => id);
      expect(await found({ language: 'triton' })).toEqual([idOf('b')]);
      expect(await found({ device: 'a100' })).toEqual([idOf('b')]);
      expect(await found({ submitter: 'bob' })).toEqual([idOf('c')]);
      expect(await found({ verdict: 'passed' })).toEqual([idOf('a')]);
      await expect(store.views.summaries({ limit: 2, cursor: 'x' })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });

    test('tells how the best confirmed speed-up rose, over all that was judged until then', async () => {
      const { store } = await freshStore(open());
      const names = ['first', 'worse', 'unconfirmed', 'better', 'trial', 'answers'];
      await store.insertCandidates(names.map((one) => candidate(one, one === 'trial' ? { content: { trial: 1 } } : {})));
      await store.writeAttempts(names.map((one, index) => attempt(one, 1, { finishedAt: at(index + 1) })));
      await store.complete([
        confirmed('first', 1.5),
        confirmed('worse', 1.2),
        completion('unconfirmed', 9),
        confirmed('better', 2),
        confirmed('trial', 99),
        { ...confirmed('answers', 98), score: { ...scoreByAnswers(98), confirmed: true } },
      ]);
      const models = await store.views.progress({ problem: 'softmax', problemVersions: [VERSION] });
      const [model] = ProgressView.parse({ problem: 'softmax', models }).models;
      expect(model).toMatchObject({ deviceModel: MODEL, device: 'H100', judged: 5, firstAt: at(1), lastAt: at(6) });
      expect(model?.gpuSeconds).toBeCloseTo(0.015, 6);
      expect(model?.steps).toMatchObject([
        { candidateId: idOf('first'), judged: 1, speedup: 1.5 },
        { candidateId: idOf('better'), judged: 4, speedup: 2 },
      ]);
      expect(await store.views.progress({ problem: 'softmax', problemVersions: ['another'] })).toEqual([]);
    });

    test('tells the records that were taken, newest first', async () => {
      const { store } = await freshStore(open());
      await store.insertCandidates([candidate('a'), candidate('b')]);
      await store.writeAttempts([attempt('a'), attempt('b')]);
      await store.complete([completion('a', 1.5, true)]);
      await store.complete([{ ...completion('b', 2, true), score: scoreByAnswers(2) }]);
      const records = await store.views.records({ limit: 5 });
      expect(
        RecordList.parse({ records }).records.map(({ candidateId, speedup, class: of }) => [candidateId, speedup, of]),
      ).toEqual([
        [idOf('b'), 2, 'program'],
        [idOf('a'), 1.5, 'device'],
      ]);
    });

    test('tells where a candidate comes from', async () => {
      const { store } = await freshStore(open());
      const id = sweepIdOf('grid');
      await store.insertCandidates([candidate('a', { sweepId: id })]);
      expect(await store.views.origin(idOf('a'))).toEqual({ sweepId: id, profiled: false, generation: null });
      expect(await store.views.origin(idOf('nobody'))).toBeNull();
    });
  });
};
