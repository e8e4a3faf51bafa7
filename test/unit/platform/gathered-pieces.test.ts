import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { createGathering, giveBackRead } from '../../../src/platform/gathered-pieces.ts';
import { READ_BYTES } from '../../../src/platform/reads-in-place.ts';

const PIECE_BYTES = 32 * 1024;

const createRig = () => {
  const { gather, handOn } = createGathering();
  const stream = gather(new Readable({ read: () => undefined, highWaterMark: 4 * PIECE_BYTES }));
  const taken: Buffer[] = [];
  stream.on('data', (bytes: Buffer) => taken.push(bytes));
  return { stream, handOn, taken };
};

const piece = (value: number): Buffer => Buffer.alloc(PIECE_BYTES, value);

test('pieces of one read are handed on as one, which is there when they are overwritten', async () => {
  const { stream, handOn, taken } = createRig();
  const pieces = [piece(1), piece(2)];
  const whole = Buffer.concat(pieces);
  for (const one of pieces) stream.push(one);
  await new Promise(setImmediate);
  expect(taken).toEqual([]);
  expect(handOn()).toBe(2);
  expect(handOn()).toBe(0);
  for (const one of pieces) if (one.length > 0) one.fill(0);
  await new Promise(setImmediate);
  expect(taken.map((bytes) => bytes.equals(whole))).toEqual([true]);
});

test('what was handed on and given back is the memory of what comes later', async () => {
  const { stream, handOn, taken } = createRig();
  for (let value = 0; value < 3; value += 1) {
    stream.push(piece(value));
    handOn();
    await new Promise(setImmediate);
    if (value === 0) giveBackRead(taken[0] ?? Buffer.alloc(0));
  }
  const [first, second, third] = taken;
  expect(second?.buffer).toBe(first?.buffer);
  expect(third?.buffer).not.toBe(first?.buffer);
});

test('a whole read and a packet that began before it are handed on in memory that is used again', async () => {
  const { stream, handOn, taken } = createRig();
  const memories = new Set<ArrayBufferLike>();
  for (let round = 0; round < 2; round += 1) {
    for (let at = 0; at <= READ_BYTES / PIECE_BYTES; at += 1) stream.push(piece(at));
    handOn();
    await new Promise(setImmediate);
    const bytes = taken.pop() ?? Buffer.alloc(0);
    memories.add(bytes.buffer);
    giveBackRead(bytes);
  }
  expect(memories.size).toBe(1);
});

test('the end of a stream comes after what was gathered, and who pushes is told when too much waits', async () => {
  const { gather, handOn } = createGathering();
  const stream = gather(new Readable({ read: () => undefined, highWaterMark: PIECE_BYTES }));
  expect(stream.push(piece(1))).toBe(true);
  handOn();
  expect(stream.push(piece(2))).toBe(false);
  stream.push(null);
  const all: Buffer[] = [];
  for await (const bytes of stream) all.push(bytes as Buffer);
  expect(Buffer.concat(all).equals(Buffer.concat([piece(1), piece(2)]))).toBe(true);
});

test('memory that holds one packet alone is given back with its piece; what shares more is left as it is', () => {
  const { stream, handOn } = createRig();
  const packet = Buffer.from(new ArrayBuffer(PIECE_BYTES + 20));
  const shared = Buffer.from(new ArrayBuffer(4 * PIECE_BYTES));
  stream.push(packet.subarray(10, 10 + PIECE_BYTES));
  stream.push(shared.subarray(0, PIECE_BYTES));
  handOn();
  expect([packet.buffer.byteLength, shared.buffer.byteLength]).toEqual([0, 4 * PIECE_BYTES]);
});
