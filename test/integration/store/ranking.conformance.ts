import { describe, expect, test } from 'vitest';
import { RankingEntry } from '../../../src/domain/ranking/ranking.ts';
import type { Sql } from '../../../src/store/sql.ts';
import {
  candidate,
  completion,
  idOf,
  MODEL,
  passed,
  RANKING,
  score,
  scoreByAnswers,
  sweepIdOf,
  sweepOf,
  VERSION,
} from '../../support/builders.ts';
import { freshStore } from '../../support/fresh-store.ts';

const pairWith = (holder: string, ratio: number, result: 'tied' | 'lost') => ({
  pair: { against: idOf(holder), ratio, ratioLow: ratio, ratioHigh: ratio, result },
});

const finished = (who: string, rankKey: number, more: object = {}) => ({
  ...completion(who, rankKey),
  score: { ...score(rankKey), ...more },
});

const byAnswers = (who: string, rankKey: number, record = false) => ({
  ...completion(who, rankKey, record),
  score: { ...scoreByAnswers(rankKey), confirmed: true },
});

/** What every store must know of records and rankings. `open` gives the one migrated database of the suite. */
export const describeRanking = (name: string, open: () => Sql): void => {
  const fresh = async () => freshStore(open());

  describe(`a store on ${name}: records and rankings`, () => {
    test('ranks only whose submitter, language and sweep are asked for, also behind the first of all', async () => {
      const { store } = await fresh();
      await store.insertCandidates([
        candidate('a', { submitter: 'ada' }),
        candidate('b', { submitter: 'bob', content: { language: 'triton' } }),
        candidate('c', { submitter: 'bob' }),
      ]);
      await store.complete([completion('a', 3, true), completion('b', 2), completion('c', 1)]);
      const sweepId = sweepIdOf('1');
      await store.createSweep(sweepOf('1'));
      await store.askSweepPoints(sweepId, [{ number: 0, point: 0 }]);
      await store.linkSweepPoints(sweepId, [{ number: 0, candidateId: idOf('c') }]);
      const found = async (filters: object) =>
        (await store.ranking({ problem: 'softmax', problemVersions: [VERSION], limit: 1, ...filters })).map(
          ({ candidateId, place }) => [candidateId, place],
        );
      expect(await found({})).toEqual([[idOf('a'), 1]]);
      expect(await found({ submitter: 'bob' })).toEqual([[idOf('b'), 1]]);
      expect(await found({ submitter: 'bob', language: 'cuda' })).toEqual([[idOf('c'), 1]]);
      expect(await found({ sweep: sweepId })).toEqual([[idOf('c'), 1]]);
      expect(await found({ language: 'c' })).toEqual([]);
    });

    test('ranks each device model by rank key, the earlier submission first among equals, trial 0 only', async () => {
      const { store } = await fresh();
      await store.insertCandidates([
        ...['a', 'b', 'c', 'd'].map((name_) => candidate(name_)),
        candidate('again', { content: { trial: 1 } }),
        candidate('old rules', { content: { problemVersion: 'v0' } }),
      ]);
      const other = { ...completion('d', 9), score: score(9, 'NVIDIA A100') };
      await store.complete([
        completion('c', 2),
        completion('b', 2, true),
        completion('a', 1),
        other,
        completion('again', 5),
        completion('old rules', 7),
      ]);
      const ranking = await store.ranking({ problem: 'softmax', problemVersions: [VERSION], limit: 2 });
      for (const { device, ...entry } of ranking) expect([RankingEntry.parse(entry).place > 0, device]).toEqual([true, 'H100']);
      expect(ranking.map((entry) => [entry.score.deviceModel, entry.place, entry.candidateId, entry.record])).toEqual([
        ['NVIDIA A100', 1, idOf('d'), false],
        [MODEL, 1, idOf('b'), true],
        [MODEL, 2, idOf('c'), false],
      ]);
    });

    test('knows the record holder of a problem as it is defined, on a model', async () => {
      const { store } = await fresh();
      await store.insertCandidates(['a', 'b'].map((name_) => candidate(name_)));
      expect(await store.record(RANKING)).toBeNull();
      await store.complete([completion('a', 1, true), completion('b', 2, true)]);
      expect(await store.record(RANKING)).toEqual({
        candidateId: idOf('b'),
        score: score(2),
        spread: null,
      });
      expect(await store.record({ ...RANKING, problemVersion: 'v0' })).toBeNull();
    });

    test('refines the score of the record holder that was measured again, keeps what judgements differ by, and changes no verdict', async () => {
      const { store } = await fresh();
      await store.insertCandidates(['a', 'b'].map((name_) => candidate(name_)));
      await store.complete([completion('a', 2, true)]);
      const spread = { screened: { count: 1, sum: 0.5 }, confirmed: { count: 2, sum: 0.25 } };
      const refined = { ...score(1.9), judgements: 2 };
      await store.complete([
        { ...completion('b', 1), measuredAgain: { holder: { candidateId: idOf('a'), score: refined }, spread } },
      ]);
      expect(await store.record(RANKING)).toEqual({ candidateId: idOf('a'), score: refined, spread });
      expect(await store.candidate(idOf('a'))).toMatchObject({ score: refined, state: { status: 'done', outcome: passed } });
    });

    test('ranks who met the record holder where the pair says, also after that was measured again, and nobody above it', async () => {
      const { store } = await fresh();
      const names = ['record', 'lucky', 'lost', 'tied', 'late'];
      await store.insertCandidates(names.map((name_) => candidate(name_)));
      await store.complete([
        completion('record', 2, true),
        finished('lost', 1.98, pairWith('record', 0.99, 'lost')),
        finished('tied', 1.9, pairWith('record', 1.0001, 'tied')),
        finished('lucky', 9),
        finished('late', 1.7),
      ]);
      const ranking = await store.ranking({ problem: 'softmax', problemVersions: [VERSION], limit: 9 });
      expect(ranking.map(({ candidateId }) => names.find((who) => idOf(who) === candidateId))).toEqual([
        'record',
        'lucky',
        'tied',
        'lost',
        'late',
      ]);
    });

    test('ranks programs by their answers in a list of their own, with a record and a spread of its own', async () => {
      const { store } = await fresh();
      await store.insertCandidates(['kernel', 'program', 'slower', 'short'].map((name_) => candidate(name_)));
      const tooShort = { ...scoreByAnswers(99), answers: { ...scoreByAnswers(99).answers, tooShort: true } } as ReturnType<
        typeof scoreByAnswers
      >;
      const spread = { screened: { count: 1, sum: 0.5 }, confirmed: { count: 2, sum: 0.25 } };
      // In one batch: the last record of each list stands.
      await store.complete([
        byAnswers('program', 3, true),
        completion('kernel', 2, true),
        {
          ...byAnswers('slower', 1),
          measuredAgain: { holder: { candidateId: idOf('program'), score: scoreByAnswers(2.9) }, spread },
        },
        { ...completion('short', 99), score: tooShort },
      ]);
      const ofPrograms = { ...RANKING, class: 'program' } as const;
      expect(await store.record(RANKING)).toEqual({ candidateId: idOf('kernel'), score: score(2), spread: null });
      expect(await store.record(ofPrograms)).toEqual({ candidateId: idOf('program'), score: scoreByAnswers(2.9), spread });
      const list = async (query: object) =>
        (await store.ranking({ problem: 'softmax', problemVersions: [VERSION], limit: 9, ...query })).map(
          ({ candidateId, place, record }) => [candidateId, place, record],
        );
      expect(await list({})).toEqual([[idOf('kernel'), 1, true]]);
      expect(await list({ class: 'program' })).toEqual([
        [idOf('program'), 1, true],
        [idOf('slower'), 2, false],
      ]);
      expect((await store.front(RANKING, 9)).map(({ candidateId }) => candidateId)).toEqual([idOf('kernel')]);
      const events = await store.events({ after: 0, limit: 100, types: ['candidate.record'] });
      expect(events.map(({ candidateId, data }) => [candidateId, data['class']])).toEqual([
        [idOf('program'), 'program'],
        [idOf('kernel'), undefined],
      ]);
    });

    test('gives a record that was taken back to the best that is left of its own list', async () => {
      const { store } = await fresh();
      await store.insertCandidates(['kernel', 'program', 'second'].map((name_) => candidate(name_)));
      await store.complete([
        { ...completion('kernel', 9, true), score: { ...score(9), confirmed: true } },
        byAnswers('second', 1),
        byAnswers('program', 3, true),
      ]);
      const ofPrograms = { ...RANKING, class: 'program' } as const;
      const { records } = await store.rejudge([idOf('program')], 'somebody asked');
      expect(records).toMatchObject([{ ...ofPrograms, holder: { candidateId: idOf('second') } }]);
      expect((await store.record(ofPrograms))?.candidateId).toBe(idOf('second'));
      expect((await store.rejudge([idOf('second')], 'somebody asked')).records).toMatchObject([{ holder: null }]);
      expect(await store.record(ofPrograms)).toBeNull();
      expect((await store.record(RANKING))?.candidateId).toBe(idOf('kernel'));
    });
  });
};
