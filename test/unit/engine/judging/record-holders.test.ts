import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RecordRow } from '../../../../src/domain/ports/store.ts';
import { createRecordHolders } from '../../../../src/engine/judging/record-holders.ts';
import { rankingKeysOn } from '../../../../src/engine/judging/ranking-keys.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';
import { idOf, MODEL, score } from '../../../support/builders.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../../kernels'));
const ON = { model: MODEL, target: 'gpu' } as const;
const [KEY] = rankingKeysOn(problems.values(), ON);
const row = (name: string): RecordRow => ({ candidateId: idOf(name), score: score(2), spread: null });

/** A store in which `first` holds the first record; `onRead` is called while it is asked. */
const holders = (onRead: () => void = () => undefined) =>
  createRecordHolders(
    {
      record: async (problem) => {
        if (problem !== KEY?.problem) return Promise.resolve(null);
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
      record: async (problem) => {
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
  const keys = rankingKeysOn([earlier, later], ON);
  expect(keys.map((key) => records.holder(key)?.candidateId)).toEqual(keys.map(({ problem }) => idOf(problem)));
});
