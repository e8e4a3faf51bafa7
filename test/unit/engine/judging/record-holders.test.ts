import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RecordRow } from '../../../../src/domain/ports/store.ts';
import { createRecordHolders } from '../../../../src/engine/judging/record-holders.ts';
import { classesOf, rankingKeysOn } from '../../../../src/engine/judging/ranking-keys.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';
import { idOf, MODEL, score } from '../../../support/builders.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../../kernels'));
const ON = { model: MODEL, target: 'gpu' } as const;
const [KEY, OF_PROGRAMS] = classesOf(rankingKeysOn(problems.values(), ON));
const row = (name: string): RecordRow => ({ candidateId: idOf(name), score: score(2), spread: null });

/** A store in which `first` holds the first record; `onRead` is called while it is asked. */
const holders = (onRead: () => void = () => undefined) =>
  createRecordHolders(
    {
      record: async (key) => {
        if (key.problem !== KEY?.problem || key.class !== KEY.class) return Promise.resolve(null);
        onRead();
        return Promise.resolve(row('first'));
      },
    },
    problems.values(),
  );

test('record holders are read once for each device model', async () => {
  let reads = 0;
  const records = holders(() => void (reads += 1));
  await records.ensure([ON, ON]);
  await records.ensure([ON]);
  expect(KEY && records.holder(KEY)?.candidateId).toBe(idOf('first'));
  expect(reads).toBe(1);
});

test('a record of programs by their answers is another than that of device code', async () => {
  const records = holders();
  await records.ensure([ON]);
  if (!KEY || !OF_PROGRAMS) throw new Error('no problem');
  expect(records.holder(OF_PROGRAMS)).toBeNull();
  records.set(OF_PROGRAMS, row('program'));
  records.learn(OF_PROGRAMS, { screened: { count: 1, sum: 1 }, confirmed: { count: 0, sum: 0 } });
  expect(records.holder(KEY)?.candidateId).toBe(idOf('first'));
  expect(records.holder(OF_PROGRAMS)?.candidateId).toBe(idOf('program'));
  expect(records.spread(KEY).screened.count).toBe(0);
});

test('a record that is taken back while the store is asked stays taken back', async () => {
  const records = holders(() => KEY && records.set(KEY, null));
  await records.ensure([ON]);
  expect(KEY && records.holder(KEY)).toBeNull();
});

test('a model whose records could not be read is read again', async () => {
  let failures = 1;
  const records = holders(() => {
    failures -= 1;
    if (failures >= 0) throw new Error('the store is away');
  });
  await expect(records.ensure([ON])).rejects.toThrow('the store is away');
  await records.ensure([ON]);
  expect(KEY && records.holder(KEY)?.candidateId).toBe(idOf('first'));
});

test('a version that came before a device model, or while its records are read, is read for it too', async () => {
  const [earlier, later] = problems.values();
  if (!earlier || !later) throw new Error('no two problems');
  const asked: string[] = [];
  const meanwhile: Promise<void>[] = [];
  const records = createRecordHolders(
    {
      record: async ({ problem }) => {
        asked.push(problem);
        if (asked.length === 1) meanwhile.push(records.ensureProblem(later));
        return Promise.resolve(row(problem));
      },
    },
    [],
  );
  await records.ensureProblem(earlier);
  expect(asked).toEqual([]);
  await records.ensure([ON]);
  await Promise.all(meanwhile);
  const keys = classesOf(rankingKeysOn([earlier, later], ON));
  expect(keys.map((key) => records.holder(key)?.candidateId)).toEqual(keys.map(({ problem }) => idOf(problem)));
});
