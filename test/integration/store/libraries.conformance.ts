import { describe, expect, test } from 'vitest';
import { modelLabel } from '../../../src/domain/hosts/host-label.ts';
import { ContentHash } from '../../../src/domain/ids.ts';
import { Program } from '../../../src/domain/program.ts';
import { migrate } from '../../../src/store/migrate.ts';
import type { Sql } from '../../../src/store/sql.ts';
import { cancelled, candidate, completion, idOf, MODEL, VERSION } from '../../support/builders.ts';
import { freshStore } from '../../support/fresh-store.ts';

const KEY = { hash: ContentHash.parse('a'.repeat(64)), deviceModel: MODEL, environment: 'torch 2.11.0' };
const ENVIRONMENT = ContentHash.parse('b'.repeat(64));
const ENTRY = { file: 'library.py', symbol: 'run', style: 'function' } as const;

const run = (name: string, submitter = 'library') => {
  const program = { ...Program.parse({ entry: ENTRY }), environmentKey: ENVIRONMENT };
  return candidate(name, { submitter, content: { language: 'python', params: {}, trial: 1, program, library: KEY } });
};

const columnsOf = async (sql: Sql, table: string): Promise<readonly string[]> => {
  const rows = await sql.query<{ name: string }>(
    `select column_name as name from information_schema.columns where table_schema = 'kiln' and table_name = $1 order by 1`,
    [table],
  );
  return rows.map(({ name }) => name);
};

/** What every store must know of runs of library programs. `open` gives the one migrated database of the suite. */
export const describeLibraries = (name: string, open: () => Sql): void => {
  const fresh = async () => {
    const { store } = await freshStore(open());
    await store.insertCandidates([
      run('first'),
      candidate('somebody'),
      run('second'),
      candidate('named so', { submitter: 'library' }),
    ]);
    return store;
  };

  describe(`a store on ${name}: runs of library programs`, () => {
    test('are read newest first, with what each is of and where it is', async () => {
      const store = await fresh();
      await store.complete([
        { ...completion('first', 2), outcome: { verdict: 'crashed', case: 'one', message: 'no' }, score: null },
      ]);
      const work = { problem: 'softmax', problemVersion: VERSION, device: 'H100', key: KEY, environmentKey: ENVIRONMENT };
      const all = await store.libraryRuns({ limit: 9 });
      expect(all).toMatchObject([
        { id: idOf('second'), ...work, state: { status: 'queued' }, isByAnswers: false },
        { id: idOf('first'), ...work, state: { status: 'done', outcome: { verdict: 'crashed' } }, isByAnswers: false },
      ]);
      expect(all).toHaveLength(2);
      expect((await store.libraryRuns({ limit: 1 })).map(({ id }) => id)).toEqual([idOf('second')]);
      expect((await store.libraryRuns({ ids: [idOf('first'), idOf('somebody')] })).map(({ id }) => id)).toEqual([idOf('first')]);
      expect(await store.libraryRuns({ ids: [] })).toEqual([]);
    });

    test('count how often they were queued, and know those that nobody needs from those that a person cancelled', async () => {
      const store = await fresh();
      const told = async () =>
        (await store.libraryRuns({ limit: 9 })).map(({ state, asked, isObsolete }) => [state.status, asked, isObsolete]);
      const [newer, older] = [idOf('second'), idOf('first')];
      await store.markObsoleteRuns([newer, idOf('somebody')]);
      await store.complete(
        [newer, older].map((candidateId) => ({ candidateId, outcome: cancelled, score: null, record: false })),
      );
      expect(await told()).toEqual([
        ['done', 1, true],
        ['done', 1, false],
      ]);
      await store.markObsoleteRuns([older]);
      expect(await store.reopen([newer])).toEqual([newer]);
      expect(await told()).toEqual([
        ['queued', 2, false],
        ['done', 1, false],
      ]);
    });

    test('of a database of before are told from what somebody submitted, with those that were cancelled as obsolete', async () => {
      const store = await fresh();
      await store.complete([{ candidateId: idOf('first'), outcome: cancelled, score: null, record: false }]);
      await open().script(`drop view kiln.submissions; alter table kiln.candidates drop column library_run;
        delete from kiln.migrations where name like '%library_runs.sql'`);
      await migrate(open());
      expect((await store.libraryRuns({ limit: 9 })).map(({ id, asked, isObsolete }) => [id, asked, isObsolete])).toEqual([
        [idOf('second'), 1, false],
        [idOf('first'), 1, true],
      ]);
      expect(await store.failures('softmax', [VERSION], null)).toEqual({});
    });

    test('of a database of before wait for the hosts of their model, however long its name is', async () => {
      const store = await fresh();
      const deviceModel = 'NVIDIA H100 '.repeat(6);
      const named = run('long');
      const { content } = named.submission;
      const labels = [`model:${deviceModel}`.slice(0, 64), 'driver:580.1'];
      await store.insertCandidates([
        { ...named, submission: { ...named.submission, labels, content: { ...content, library: { ...KEY, deviceModel } } } },
      ]);
      await store.complete([{ candidateId: idOf('long'), outcome: cancelled, score: null, record: false }]);
      const told = async (id: string) => (await store.candidate(idOf(id)))?.submission.labels;
      const others = await told('first');
      for (let times = 0; times < 2; times += 1) {
        await open().script(`delete from kiln.migrations where name like '%labels_of_library_runs.sql'`);
        await migrate(open());
        expect(await told('long')).toEqual([modelLabel(deviceModel), 'driver:580.1']);
        expect(await told('first')).toEqual(others);
      }
    });

    test('are all that kiln.submissions leaves out: it has every column of its table', async () => {
      expect(await columnsOf(open(), 'submissions'), 'a migration that adds a column makes the view anew').toEqual(
        await columnsOf(open(), 'candidates'),
      );
    });

    test('say that they were judged by their answers', async () => {
      const store = await fresh();
      const byAnswers = { reason: 'a graph', recording: 'contract' as const };
      const event = { type: 'candidate.by_answers', candidateId: idOf('first'), hostId: null, data: {} } as const;
      await store.writeTransitions([{ candidateId: idOf('first'), state: { status: 'queued' }, event, byAnswers }]);
      expect(await store.libraryRuns({ ids: [idOf('first')] })).toMatchObject([{ isByAnswers: true }]);
    });

    test('keep no ranking waiting while one of them is judged again', async () => {
      const store = await fresh();
      await store.complete([completion('first', 2)]);
      await store.rejudge([idOf('first')], 'a person asked');
      const key = { problem: 'softmax', problemVersion: VERSION, deviceModel: MODEL };
      expect(await store.reopenInReach(key, null)).toEqual({ isWaiting: false, candidates: [] });
    });

    test('are in no ranking, front or count of candidates or failures, and are not old', async () => {
      const store = await fresh();
      await store.complete([completion('first', 9), completion('somebody', 2)]);
      const crashed = { verdict: 'crashed', case: 'one', message: 'no' } as const;
      await store.complete([{ candidateId: idOf('second'), outcome: crashed, score: null, record: false }]);
      const ranking = await store.ranking({ problem: 'softmax', problemVersions: [VERSION], limit: 9 });
      expect(ranking.map(({ candidateId }) => candidateId)).toEqual([idOf('somebody')]);
      const front = await store.front({ problem: 'softmax', problemVersion: VERSION, deviceModel: MODEL }, 9);
      expect(front.map(({ candidateId }) => candidateId)).toEqual([idOf('somebody')]);
      expect(await store.failures('softmax', [VERSION], null)).toEqual({});
      expect(await store.versionsOf('softmax')).toMatchObject([{ candidates: 2, ranked: 1, waiting: 1 }]);
      expect(await store.countOld({ before: '2100-01-01T00:00:00.000Z', keepPlaces: 1 })).toEqual({});
    });
  });
};
