import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { freeBytes } from '../../../src/platform/free-bytes.ts';

test('bytes with memory of their own are empty from here on', () => {
  const bytes = Buffer.from(new ArrayBuffer(1024));
  freeBytes(bytes);
  expect(bytes.length).toBe(0);
  expect(bytes.buffer.byteLength).toBe(0);
  expect(() => freeBytes(bytes)).not.toThrow();
});

test('bytes that share their memory, and none at all, stay as they are', () => {
  const whole = Buffer.from(new ArrayBuffer(1024));
  freeBytes(whole.subarray(0, 512));
  expect(whole.length).toBe(1024);
  const nothing = Buffer.alloc(0);
  freeBytes(nothing);
  expect(Buffer.concat([nothing, Buffer.from('a')]).toString()).toBe('a');
});
