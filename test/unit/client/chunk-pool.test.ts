import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { giveBack, takeBytes } from '../../../src/client/files/chunk-pool.ts';
import { CHUNK_BYTES } from '../../../src/domain/hosts/work-frames.ts';

test('memory that was given back is the next that is taken, once', () => {
  const first = takeBytes(CHUNK_BYTES);
  const part = first.subarray(10, 20);
  giveBack(part);
  giveBack(first);
  const [second, third] = [takeBytes(CHUNK_BYTES - 1), takeBytes(CHUNK_BYTES)];
  expect(second.buffer).toBe(first.buffer);
  expect(second.length).toBe(CHUNK_BYTES - 1);
  expect(third.buffer).not.toBe(first.buffer);
});

test('small bytes, and those of others, are none of the pool’s', () => {
  const others = Buffer.alloc(CHUNK_BYTES);
  giveBack(others);
  giveBack(takeBytes(100));
  expect(takeBytes(CHUNK_BYTES).buffer).not.toBe(others.buffer);
  expect(takeBytes(100).length).toBe(100);
});
