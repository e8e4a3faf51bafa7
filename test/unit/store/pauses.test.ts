import { expect, test } from 'vitest';
import type { PausedRow } from '../../../src/domain/ports/store-rows.ts';
import { createPauses } from '../../../src/store/pauses.ts';

const ROW: PausedRow = { device: 'H100', submitter: 'ada', count: 1 };

test('what is paused is not read again once nothing was, until somebody pauses', async () => {
  const pauses = createPauses();
  let rows: readonly PausedRow[] = [];
  let reads = 0;
  const read = async () =>
    pauses.read(async () => {
      reads += 1;
      return Promise.resolve(rows);
    });
  expect([await read(), await read(), reads]).toEqual([[], [], 1]);
  await pauses.note(async () => {
    // It is not committed yet.
    expect(await read()).toEqual([]);
    rows = [ROW];
    return Promise.resolve();
  });
  expect([await read(), await read(), reads]).toEqual([[ROW], [ROW], 4]);
  rows = [];
  expect([await read(), await read(), reads]).toEqual([[], [], 5]);
});

test('a pause that failed is looked for all the same', async () => {
  const pauses = createPauses();
  await pauses.read(async () => Promise.resolve([]));
  const failing = pauses.note(async () => Promise.reject(new Error('cut off')));
  await expect(failing).rejects.toThrow('cut off');
  expect(await pauses.read(async () => Promise.resolve([ROW]))).toEqual([ROW]);
});
