/**
 * What is written to a host, in requests that are sent as they are made: each ends in time for the daemon's limit on one, and what came of it stays. The next begins
 * while the last is still answered, but for what must wait.
 */
import type { Buffer } from 'node:buffer';
import { frameStart } from '../../domain/frames.ts';
import { WRITE_BYTES_MAX } from '../../domain/hosts/work.ts';
import type { WriteFrame } from '../../domain/hosts/work-frames.ts';
import { monotonicMs } from '../../platform/clock.ts';
import type { Piece } from './end.ts';

/** A third of the time that a daemon gives a request: what is on its way then has the rest. */
const REQUEST_MS = 20_000;
const REQUESTS_AT_ONCE = 2;
/** What comes after them needs all that came before. */
const ALONE: ReadonlySet<WriteFrame['type']> = new Set(['delete', 'folders', 'finish', 'modes']);

export interface Requests {
  /** Sends one request, and resolves with its answer. It may end the frames before they are all sent. */
  readonly send: (frames: AsyncIterable<Buffer>) => Promise<void>;
  /** Payloads that were handed on. */
  readonly onSent: (bytes: number) => void;
}

export const sendInRequests = async (pieces: AsyncIterable<Piece>, { send, onSent }: Requests): Promise<void> => {
  const source = pieces[Symbol.asyncIterator]();
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const fail = (error: unknown): void => void failures.push(error);
  let next = await source.next();
  let last: WriteFrame['type'] | null = null;

  async function* oneRequest(): AsyncGenerator<Buffer> {
    const endMs = monotonicMs() + REQUEST_MS;
    for (let bytes = 0; !next.done && bytes < WRITE_BYTES_MAX && monotonicMs() < endMs && !mustWait(last, next); ) {
      const { frame, payload } = next.value;
      const start = frameStart(frame, payload.length);
      bytes += start.length + payload.length;
      last = frame.type;
      onSent(payload.length);
      yield start;
      if (payload.length > 0) yield payload;
      next = await source.next();
    }
  }

  const begin = async (): Promise<void> => {
    last = null;
    const { promise: isSent, resolve } = Promise.withResolvers<void>();
    const sending = send(telling(oneRequest(), { onEnd: resolve, onFailure: fail }))
      .catch(fail)
      .finally(() => {
        running.delete(sending);
        resolve();
      });
    running.add(sending);
    await isSent;
  };

  try {
    while (!next.done && failures.length === 0) {
      await begin();
      const atOnce = mustWait(last, next) ? 1 : REQUESTS_AT_ONCE;
      while (running.size >= atOnce) await Promise.race(running);
    }
    await Promise.all(running);
  } finally {
    await source.return?.();
  }
  if (failures.length > 0) throw failures[0];
};

const mustWait = (last: WriteFrame['type'] | null, next: IteratorResult<Piece>): boolean => {
  if (last === null || next.done) return false;
  const { type } = next.value.frame;
  return last !== type && (ALONE.has(last) || ALONE.has(type));
};

interface Telling {
  readonly onEnd: () => void;
  readonly onFailure: (error: unknown) => void;
}

async function* telling<T>(items: AsyncIterable<T>, { onEnd, onFailure }: Telling): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    onFailure(error);
    throw error;
  } finally {
    onEnd();
  }
}
