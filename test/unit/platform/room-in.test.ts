import { Buffer } from 'node:buffer';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { roomIn } from '../../../src/platform/room-in.ts';

const full = (): PassThrough => {
  const stream = new PassThrough({ highWaterMark: 4 }).on('error', () => undefined);
  stream.write(Buffer.alloc(8));
  stream.write(Buffer.alloc(8));
  return stream;
};

const listeners = (stream: PassThrough): number =>
  ['drain', 'close', 'error'].reduce((sum, event) => sum + stream.listenerCount(event), 0);

test('there is room once a stream has handed on what it held, or is over; nobody listens any more then', async () => {
  const [drained, destroyed, broken] = [full(), full(), full()];
  const before = listeners(drained);
  const rooms = [drained, destroyed, broken].map(async (stream) => roomIn(stream));
  drained.resume();
  destroyed.destroy();
  broken.destroy(new Error('cut'));
  await Promise.all(rooms);
  await roomIn(destroyed);
  expect(listeners(drained)).toBe(before);
});
