import type { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { createGivingWay } from '../../../src/gpu/transports/giving-way.ts';

const ROOM_BYTES = 8;

/** Holds all that is written to it until it is told that it left. */
const rig = () => {
  const written: string[] = [];
  let left: (() => void)[] = [];
  const connection = new Duplex({
    highWaterMark: ROOM_BYTES,
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      written.push(String(chunk));
      left.push(done);
    },
  });
  const leave = async (): Promise<void> => {
    const [done] = left;
    left = left.slice(1);
    done?.();
    await new Promise(setImmediate);
  };
  /** As a channel of ssh2: all that its window allows goes to the connection at once. */
  const channel = (): Duplex =>
    new Duplex({
      highWaterMark: 1024,
      read: () => undefined,
      write: (chunk, _encoding, done) => {
        connection.write(chunk);
        done();
      },
    });
  return { connection, channel, written, leave };
};

test('what a channel that gives way was given waits until the connection has room, and another channel’s goes before it', async () => {
  const { connection, channel, written, leave } = rig();
  const givingWay = createGivingWay(connection);
  const [bulk, judging] = [givingWay(channel()), channel()];
  for (const piece of ['bulk 111', 'bulk 222', 'bulk 333']) bulk.write(piece);
  await new Promise(setImmediate);
  judging.write('judge');
  expect(connection.writableLength).toBe('bulk 111'.length + 'judge'.length);
  for (let round = 0; round < 6; round += 1) await leave();
  expect(written).toEqual(['bulk 111', 'judge', 'bulk 222', 'bulk 333']);
});

test('channels that give way take turns', async () => {
  const { connection, channel, written, leave } = rig();
  const givingWay = createGivingWay(connection);
  const [one, two] = [givingWay(channel()), givingWay(channel())];
  for (const number of ['1', '2', '3']) {
    one.write(`one ${number}...`);
    two.write(`two ${number}...`);
  }
  for (let round = 0; round < 8; round += 1) await leave();
  expect(written.map((text) => text.slice(0, 5))).toEqual(['one 1', 'two 1', 'one 2', 'two 2', 'one 3', 'two 3']);
});

test('a connection that is gone holds nothing back', async () => {
  const { connection, channel } = rig();
  connection.on('error', () => undefined);
  const bulk = createGivingWay(connection)(channel());
  const ended: boolean[] = [];
  bulk.write('bulk 111');
  bulk.write('bulk 222', () => ended.push(true));
  await new Promise(setImmediate);
  expect(ended).toEqual([]);
  connection.destroy();
  await expect.poll(() => ended).toEqual([true]);
});
