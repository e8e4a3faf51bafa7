/**
 * Chunks of a stream as they came. The stream's own iterator copies all that waits into one buffer, which takes longer than to read it where much passes through,
 * and leaves as much to be collected.
 */
import type { Buffer } from 'node:buffer';
import { finished, type Readable } from 'node:stream';

/** The stream is paused while so many wait to be taken. */
export const WAITING_MAX = 16;

/** Throws what broke the stream, once all that came before was taken. Whoever stops taking destroys it. */
export async function* chunksOf(stream: Readable): AsyncGenerator<Buffer> {
  const waiting: Buffer[] = [];
  const end: { isThere: boolean; error: Error | null } = { isThere: false, error: null };
  let wake: (() => void) | null = null;
  const onData = (chunk: Buffer): void => {
    waiting.push(chunk);
    if (waiting.length >= WAITING_MAX) stream.pause();
    wake?.();
  };
  const stopWatching = finished(stream, { writable: false }, (error) => {
    Object.assign(end, { isThere: true, error: error ?? null });
    wake?.();
  });
  stream.on('data', onData);
  try {
    for (;;) {
      const chunk = waiting.shift();
      if (chunk) yield chunk;
      else if (end.isThere) break;
      else {
        if (stream.isPaused()) stream.resume();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    if (end.error) throw end.error;
  } finally {
    stopWatching();
    stream.off('data', onData);
    if (!end.isThere) stream.destroy();
  }
}
