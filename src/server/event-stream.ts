/** Server-sent events over one response: catch up from the journal, then follow it live. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { CandidateId } from '../domain/ids.ts';
import type { JournalEvent } from '../domain/journal.ts';
import type { Follower } from './event-feed.ts';

export interface StreamLimits {
  /** Streams open at once. */
  readonly streamsMax: number;
  /** A comment is sent when nothing else was for this long. */
  readonly heartbeatMs: number;
  /** A reader that takes nothing for this long is disconnected; it resumes by the last event's id. */
  readonly stallMs: number;
}
export const STREAM_LIMITS: StreamLimits = { streamsMax: 4096, heartbeatMs: 15_000, stallMs: 30_000 };
const CLIENT_RETRY_MS = 1000;

export interface Stream {
  readonly raw: ServerResponse;
  readonly follower: Follower;
  readonly after: number;
  /** Set: only this candidate's events, and the stream ends once they hold its end. */
  readonly candidateId: CandidateId | null;
  readonly limits: StreamLimits;
  /** Aborts when the client went away or the server stops. */
  readonly signal: AbortSignal;
}

/** Resolves when the stream has ended, for whatever reason. */
export const runStream = async (stream: Stream): Promise<void> => {
  const { raw, follower, candidateId, signal } = stream;
  let cursor = stream.after;
  let finished = false;
  let open = await send(stream, `retry: ${CLIENT_RETRY_MS}\n\n`);
  while (open && !finished && !signal.aborted) {
    const page = await follower.page({ after: cursor, candidateId });
    cursor = page.cursor;
    if (page.events.length > 0) open = await send(stream, page.events.map(eventText).join(''));
    else if (cursor >= follower.head()) open = await waitForMore(stream, cursor);
    finished = candidateId !== null && isDone(page.events);
  }
  if (open) raw.end();
  else raw.destroy();
};

/** A verdict that was taken back is not its end. */
const isDone = (events: readonly JournalEvent[]): boolean =>
  events.findLast(({ type }) => ENDS.has(type))?.type === 'candidate.done';

const ENDS: ReadonlySet<JournalEvent['type']> = new Set(['candidate.done', 'candidate.reopened', 'candidate.queued_again']);

const waitForMore = async (stream: Stream, cursor: number): Promise<boolean> => {
  const { follower, candidateId, limits, signal } = stream;
  await follower.changed(candidateId, { ms: limits.heartbeatMs, signal });
  return signal.aborted || follower.head() > cursor ? true : send(stream, ': ping\n\n');
};

/** False when the reader did not take it in time or is gone. */
const send = async ({ raw, limits, signal }: Stream, text: string): Promise<boolean> => {
  if (raw.destroyed) return false;
  if (raw.write(text)) return true;
  try {
    await once(raw, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(limits.stallMs)]) });
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return false;
    throw error;
  }
};

/** JSON holds no raw line break, so one `data:` line is enough. */
const eventText = (event: JournalEvent): string =>
  `id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
