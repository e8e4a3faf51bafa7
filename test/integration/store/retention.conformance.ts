import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CandidateId } from '../../../src/domain/ids.ts';
import { JournalEvent } from '../../../src/domain/journal.ts';
import { createGarbageCollector } from '../../../src/storage/collect-garbage.ts';
import type { Sql } from '../../../src/store/sql.ts';
import { createStore, type SqlStore } from '../../../src/store/store.ts';
import { attempt, candidate, idOf, passed, score, scoreByAnswers, sweepIdOf, sweepOf } from '../../support/builders.ts';

const AT = Date.parse('2026-01-01T00:00:00.000Z');
const DAY_MS = 86_400_000;
const LATER = { before: new Date(AT + DAY_MS).toISOString(), keepPlaces: 1 };

const done = async (store: SqlStore, one: string, speedup: number, record = false): Promise<void> =>
  void (await store.complete([{ candidateId: idOf(one), outcome: passed, score: score(speedup), record }]));

const Exported = z.object({ id: z.string(), source: z.string().min(1), attempts: z.array(z.unknown()) });
type Exported = z.infer<typeof Exported>;

const kept = (version: string) => ({ problem: 'softmax', version, document: { version } });

/** Old candidates, and versions of problems. */
export const describeRetention = (name: string, open: () => Sql): void => {
  let nowMs = AT;
  const fresh = async (...who: readonly string[]): Promise<SqlStore> => {
    nowMs = AT;
    await open().script(
      'truncate kiln.candidates, kiln.attempts, kiln.journal, kiln.records, kiln.backlog, kiln.sources, kiln.profiles, kiln.sweeps, kiln.sweep_points, kiln.problem_versions restart identity',
    );
    const store: SqlStore = createStore(open(), { now: () => nowMs });
    onTestFinished(async () => store.close());
    await store.insertCandidates(who.map((one) => candidate(one)));
    return store;
  };
  describe(`a store on ${name}: what is old`, () => {
    test('goes, whole, but for record holders, first places, points of sweeps that go on, and what is not done', async () => {
      const store = await fresh('first', 'holder', 'old', 'waiting', 'point', 'program');
      await store.createSweep(sweepOf('s'));
      await store.askSweepPoints(sweepIdOf('s'), [{ number: 0, point: 0 }]);
      await store.linkSweepPoints(sweepIdOf('s'), [{ number: 0, candidateId: idOf('point') }]);
      await done(store, 'first', 9);
      await done(store, 'holder', 5, true);
      for (const one of ['old', 'point']) await done(store, one, 2);
      // The first of another list.
      await store.complete([{ candidateId: idOf('program'), outcome: passed, score: scoreByAnswers(1), record: false }]);
      expect(await store.countOld({ ...LATER, before: new Date(AT).toISOString() })).toEqual({});
      expect(Object.values(await store.countOld(LATER))).toEqual([1]);
      const page = await store.readOld(LATER);
      expect(page.map(({ id }) => id)).toEqual([idOf('old')]);
      expect(page[0]).toMatchObject({ source: expect.any(String) as string, attempts: [], state: { status: 'done' } });
      expect(await store.removeCandidates([idOf('old'), idOf('waiting')])).toBe(1);
      expect(await store.candidate(idOf('old'))).toBeNull();
      for (const one of ['first', 'holder', 'waiting', 'point']) expect(await store.candidate(idOf(one))).not.toBeNull();
      const last = JournalEvent.parse((await store.events({ after: 0, limit: 100 })).at(-1));
      expect(last).toMatchObject({ type: 'candidates.removed', data: { removed: 1 } });
      expect(Object.keys(await store.countOld(LATER))).toEqual([]);
    });

    test('stays whole where it is queued again, holds a record or is a point of a sweep since it was looked up', async () => {
      const store = await fresh('first', 'old', 'again', 'holder', 'point');
      for (const one of ['first', 'old', 'again', 'point']) await done(store, one, one === 'first' ? 9 : 2);
      await store.writeAttempts([attempt('again'), attempt('old')]);
      const looked = (await store.readOld(LATER)).map(({ id }) => id);
      expect(looked).toHaveLength(3);
      await store.rejudge([idOf('again')], 'asked');
      await done(store, 'holder', 2, true);
      await store.createSweep(sweepOf('s'));
      await store.askSweepPoints(sweepIdOf('s'), [{ number: 0, point: 0 }]);
      await store.linkSweepPoints(sweepIdOf('s'), [{ number: 0, candidateId: idOf('point') }]);
      expect(await store.removeCandidates([...looked, idOf('holder')])).toBe(1);
      expect(await store.candidate(idOf('old'))).toBeNull();
      expect((await store.candidate(idOf('again')))?.attempts).toHaveLength(1);
      expect(await store.events({ after: 0, limit: 100, candidateId: idOf('again') })).not.toHaveLength(0);
      expect((await store.sweepTrail(sweepIdOf('s'), { after: -1, limit: 10 })).map(({ candidateId }) => candidateId)).toEqual([
        idOf('point'),
      ]);
      expect(await store.candidate(idOf('holder'))).not.toBeNull();
    });

    test('is in a file, whole, before it is removed, and the file is told', async () => {
      const store = await fresh('first', 'old', 'older');
      for (const one of ['first', 'old', 'older']) await done(store, one, one === 'first' ? 9 : 2);
      await store.writeAttempts([attempt('old')]);
      const dataDir = mkdtempSync(join(tmpdir(), 'kiln-gc-'));
      onTestFinished(() => rmSync(dataDir, { recursive: true }));
      const exported = (): Exported[] =>
        readdirSync(join(dataDir, 'exports')).flatMap((file) =>
          gunzipSync(readFileSync(join(dataDir, 'exports', file)))
            .toString()
            .trim()
            .split('\n')
            .map((line) => Exported.parse(JSON.parse(line))),
        );
      const there: string[][] = [];
      const watched = {
        ...store,
        removeCandidates: async (ids: readonly CandidateId[]) => {
          there.push(exported().map(({ id }) => id));
          return store.removeCandidates(ids);
        },
      };
      const collect = createGarbageCollector({
        store: watched,
        dataDir,
        now: () => AT + 3 * DAY_MS,
        log: { info: () => undefined },
      });
      const request = { olderThanDays: 1, keepPlaces: 1, dryRun: false, export: true };
      expect(await collect({ ...request, dryRun: true })).toMatchObject({
        removed: 0,
        exportedTo: null,
        byProblem: { softmax: 2 },
      });
      expect(existsSync(join(dataDir, 'exports'))).toBe(false);
      const [collected, second] = await Promise.allSettled([collect(request), collect(request)]);
      expect(second).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('already') as string } });
      expect(collected).toMatchObject({ status: 'fulfilled', value: { removed: 2, byProblem: { softmax: 2 } } });
      expect(there[0]?.toSorted()).toEqual([idOf('old'), idOf('older')].toSorted());
      expect(exported().find(({ id }) => id === idOf('old'))?.attempts).toHaveLength(1);
      expect(await store.candidate(idOf('old'))).toBeNull();
      expect(await store.candidate(idOf('first'))).not.toBeNull();
    });

    test('stays where it cannot be written to a file', async () => {
      const store = await fresh('first', 'old');
      for (const one of ['first', 'old']) await done(store, one, one === 'first' ? 9 : 2);
      const dataDir = join(mkdtempSync(join(tmpdir(), 'kiln-gc-')), 'file');
      writeFileSync(dataDir, '');
      onTestFinished(() => rmSync(join(dataDir, '..'), { recursive: true }));
      const collect = createGarbageCollector({ store, dataDir, now: () => AT + 3 * DAY_MS, log: { info: () => undefined } });
      const request = { olderThanDays: 1, keepPlaces: 1, dryRun: false };
      await expect(collect({ ...request, export: true })).rejects.toThrow(/ENOTDIR/);
      expect(await store.candidate(idOf('old'))).not.toBeNull();
      expect(await collect({ ...request, export: false })).toMatchObject({ removed: 1, exportedTo: null });
    });

    test('is known by its source without a look at every candidate', async () => {
      const plan = await open().transaction(async (session) => {
        await session.script('set local enable_seqscan = off');
        return session.query<Record<string, string>>(
          `explain delete from kiln.sources where hash = 'a' and not exists (select 1 from kiln.candidates where source_hash = hash)`,
        );
      });
      expect(JSON.stringify(plan)).toContain('candidates_by_source');
    });

    test('is removed by nothing else: a row that has its verdict stays', async () => {
      const store = await fresh('old');
      await done(store, 'old', 2);
      await expect(open().query('delete from kiln.candidates', [])).rejects.toThrow(/cannot be removed/u);
    });
  });

  describe(`a store on ${name}: versions of problems`, () => {
    test('are kept as they were first, and told by what candidates were submitted for', async () => {
      const store = await fresh('a', 'b');
      const [first] = (await store.versionsOf('softmax')).map(({ version }) => version);
      if (!first) throw new Error('no version');
      await store.keepProblemVersions([{ problem: 'softmax', version: first, document: { readme: 'one' } }]);
      await store.keepProblemVersions([{ problem: 'softmax', version: first, document: { readme: 'two' } }]);
      expect(await store.problemVersion('softmax', first)).toEqual({ readme: 'one' });
      expect(await store.problemVersion('softmax', 'f'.repeat(64))).toBeNull();
      await done(store, 'a', 2);
      expect(await store.versionsOf('softmax')).toMatchObject([{ version: first, candidates: 2, ranked: 1, waiting: 1 }]);
    });

    test('are removed a day after they were in force last, where no candidate is of them', async () => {
      const store = await fresh('a');
      const left = async () => {
        const found = await Promise.all(
          ['v1', 'v2', 'v3', 'v4'].map(async (version) => store.problemVersion('softmax', version)),
        );
        return found.flatMap((document) => (document === null ? [] : [document]));
      };
      await store.keepProblemVersions([kept('v1'), kept('v2'), kept('v3')]);
      nowMs += DAY_MS;
      await store.keepProblemVersions([kept('v3'), kept('v4')]);
      await store.removeUnusedVersions();
      expect(await left()).toHaveLength(4);
      nowMs += 10 * DAY_MS;
      await store.removeUnusedVersions();
      expect(await left()).toEqual(['v1', 'v3', 'v4'].map((version) => ({ version })));
    });
  });
};
