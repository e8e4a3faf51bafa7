import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { freeingWritten } from '../../../src/gpu/transports/freeing-written.ts';

test('a packet is there until it is written, and its memory is given back then', async () => {
  const taken: { readonly text: string; readonly done: () => void }[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => void taken.push({ text: String(chunk), done }),
  });
  const packets = ['one', 'two'].map((text) => Buffer.from(new TextEncoder().encode(text).buffer));
  const written = freeingWritten(stream);
  for (const packet of packets) written.write(packet);
  expect(packets.map(String)).toEqual(['one', 'two']);
  taken[0]?.done();
  await new Promise(setImmediate);
  expect(packets.map(({ length }) => length)).toEqual([0, 3]);
  taken[1]?.done();
  await new Promise(setImmediate);
  expect(packets.map(({ length }) => length)).toEqual([0, 0]);
  expect(taken.map(({ text }) => text)).toEqual(['one', 'two']);
});

test('a packet that is much smaller than most has memory of its own, which is given back too', async () => {
  const written = freeingWritten(new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() }));
  const packet = Buffer.allocUnsafe(5000);
  written.write(packet);
  await new Promise(setImmediate);
  expect(packet.length).toBe(0);
});
