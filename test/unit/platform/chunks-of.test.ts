import { Buffer } from 'node:buffer';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { chunksOf, WAITING_MAX } from '../../../src/platform/chunks-of.ts';

const numbered = (count: number): Buffer[] => Array.from({ length: count }, (_, at) => Buffer.from(`chunk ${at}`));

test('chunks that wait are taken one by one, as they came', async () => {
  const stream = new PassThrough();
  const sent = numbered(5);
  const taken: Buffer[] = [];
  for (const chunk of sent) stream.write(chunk);
  stream.end();
  for await (const chunk of chunksOf(stream)) taken.push(chunk);
  expect(taken.map(String)).toEqual(sent.map(String));
  // Not even a copy of them.
  expect(taken.every((chunk, at) => chunk.buffer === sent[at]?.buffer)).toBe(true);
});

test('a stream is paused while many chunks wait, and goes on', async () => {
  const stream = new PassThrough({ highWaterMark: 1 });
  const chunks = chunksOf(stream);
  const sent = numbered(3 * WAITING_MAX);
  const first = chunks.next();
  let left = 0;
  for (const chunk of sent) stream.write(chunk, () => (left += 1));
  expect(String((await first).value)).toBe('chunk 0');
  await new Promise(setImmediate);
  expect(left).toBeLessThan(2 * WAITING_MAX);
  stream.end();
  const rest: string[] = [];
  for await (const chunk of chunks) rest.push(String(chunk));
  expect(rest).toEqual(sent.slice(1).map(String));
});

test('what broke a stream is thrown after what came before; who stops early destroys it', async () => {
  const broken = new PassThrough();
  broken.write('before');
  const chunks = chunksOf(broken);
  expect(String((await chunks.next()).value)).toBe('before');
  broken.destroy(new Error('cut'));
  await expect(chunks.next()).rejects.toThrow('cut');
  const left = new PassThrough();
  left.write('one');
  for await (const _ of chunksOf(left)) break;
  expect(left.destroyed).toBe(true);
});
