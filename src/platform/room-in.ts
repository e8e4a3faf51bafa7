/** Waits for a stream that has been written more than it holds. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Resolves when there is room for more, or nothing can be written any more: why is told by whoever reads, or by the stream's error. */
export const roomIn = async (stream: Writable): Promise<void> => {
  if (stream.destroyed) return;
  const ended = new AbortController();
  const waits = ['drain', 'close'].map(async (event) => once(stream, event, { signal: ended.signal }));
  // An error is an end too.
  await Promise.race(waits).catch(() => undefined);
  ended.abort();
};
