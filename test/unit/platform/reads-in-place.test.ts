import type { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { COPIED_BYTES_MAX, readsInPlace } from '../../../src/platform/reads-in-place.ts';

/** Too large for memory that Node shares between copies. */
const LARGE = 4 * COPIED_BYTES_MAX;

/** A socket that reads `count` bytes of `value`. */
const createRig = () => {
  const taken: Buffer[] = [];
  let isFree = true;
  const reads = readsInPlace({ take: (bytes) => void taken.push(bytes), isFree: () => isFree });
  return {
    taken,
    read: (count: number, value: number, isFreeThen = true) => {
      isFree = isFreeThen;
      const memory = typeof reads.buffer === 'function' ? reads.buffer() : reads.buffer;
      memory.fill(value, 0, count);
      reads.callback(count, memory);
    },
  };
};

const isAll = (bytes: Buffer | undefined, value: number): boolean => bytes?.every((byte) => byte === value) ?? false;

test('reads of which nobody keeps anything go into the same memory, and what one brought is there until the next was seen', () => {
  const { taken, read } = createRig();
  for (let value = 0; value < 4; value += 1) read(LARGE, value);
  const [, second, third, fourth] = taken;
  expect(fourth?.buffer).toBe(second?.buffer);
  expect([isAll(second, 3), isAll(third, 2), isAll(fourth, 3)]).toEqual([true, true, true]);
});

test('small reads between large ones are copies, and take none of what is still seen', () => {
  const { taken, read } = createRig();
  read(LARGE, 0);
  read(LARGE, 1);
  for (let value = 2; value < 10; value += 1) read(COPIED_BYTES_MAX, value);
  expect(isAll(taken[1], 1)).toBe(true);
  expect(taken.slice(2).every((bytes, at) => isAll(bytes, at + 2))).toBe(true);
});

test('what somebody keeps stays as it is: of the read, of the one before, and of those after until one is free', () => {
  const { taken, read } = createRig();
  read(LARGE, 0);
  read(LARGE, 1);
  read(LARGE, 2, false);
  for (let value = 3; value < 6; value += 1) read(LARGE, value, false);
  for (let value = 6; value < 12; value += 1) read(LARGE, value);
  expect(taken.slice(0, 7).map((bytes, at) => isAll(bytes, at))).toEqual(Array(7).fill(true));
});

test('where somebody keeps what was read, a read takes no more memory than it brought', () => {
  const { taken, read } = createRig();
  for (let value = 0; value < 4; value += 1) read(LARGE, value, false);
  expect(taken.map(({ buffer }) => buffer.byteLength)).toEqual([LARGE, LARGE, LARGE, LARGE]);
});
