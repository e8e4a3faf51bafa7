/**
 * Writes what happened, in order, in batches: one writer, so that the journal's order is the order of events.
 *
 * Modes: idle; flushing (one batch at the store; what arrives meanwhile waits for the next); stopped.
 * Invariant: `after` of an entry runs, and a result is acknowledged and its queue job ended, only when everything before it is committed. A flush is one transaction: one that failed wrote nothing, and is tried again with the same rows.
 */
import type { Logger } from 'pino';
import { monotonicMs as systemMonotonicMs } from '../platform/clock.ts';
import type { CanaryState } from '../domain/canary.ts';
import type { AttemptId, CandidateId, HostId } from '../domain/ids.ts';
import type { FinishedAttempt } from '../domain/attempt.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import type { Completion, FinishedProfile, PairNote, Transition } from '../domain/ports/store-rows.ts';
import type { Store, Writes } from '../domain/ports/store.ts';

const BATCH_MAX = 500;
const FLUSH_AFTER_MS = 10;
/** A flush costs much whatever is in it: one that follows another waits so many times as long as that took, */
const REST_SHARE = 3;
/** and no longer than this. */
const REST_MS_MAX = 40;
const RETRY_MS = 1000;

export type Entry =
  | { readonly type: 'transition'; readonly transition: Transition }
  | { readonly type: 'attempt'; readonly attempt: FinishedAttempt }
  | { readonly type: 'completion'; readonly completion: Completion; readonly after?: () => void }
  | { readonly type: 'profile'; readonly finished: FinishedProfile }
  | { readonly type: 'canary'; readonly canary: CanaryState; readonly after: () => void }
  | { readonly type: 'pair'; readonly note: PairNote }
  | { readonly type: 'event'; readonly event: NewJournalEvent; readonly after?: () => void }
  /** A result whose consequences are all before it. Writes nothing: it is told with what is committed. */
  | ({ readonly type: 'acknowledgement' } & Acknowledgement);

export interface Acknowledgement {
  readonly hostId: HostId;
  readonly attemptId: AttemptId;
}

/** What one transaction made durable. */
export interface Committed {
  /** Candidates that have their final word. */
  readonly completed: readonly CandidateId[];
  /** Results that their hosts may forget. */
  readonly acknowledged: readonly Acknowledgement[];
}

export interface WriteBehind {
  add(entry: Entry): void;
  /** Null while writes work; otherwise why they do not. */
  writeFailure(): string | null;
  /** Entries that are not committed yet. */
  unwritten(): number;
  /** Candidates whose final word is among them. */
  ending(): ReadonlySet<CandidateId>;
  /** Writes what waits. */
  stop(): Promise<void>;
}

export interface WriteBehindDeps {
  readonly store: Pick<Store, 'together'>;
  readonly log: Logger;
  /** Called after each commit, after its entries' own `after`. */
  readonly onCommit: (committed: Committed) => void;
  /** The system's by default; it never jumps. */
  readonly monotonicMs?: () => number;
}

export const createWriteBehind = ({ store, log, onCommit, monotonicMs = systemMonotonicMs }: WriteBehindDeps): WriteBehind => {
  let waiting: Entry[] = [];
  let flushing: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let writeFailure: string | null = null;
  let isStopped = false;
  let restUntilMs = -Infinity;

  const schedule = (): void => {
    // What is added while it stops is its loop's.
    if (isStopped || timer || flushing || waiting.length === 0) return;
    timer = setTimeout(flushNow, delayMs());
  };
  const delayMs = (): number => {
    if (writeFailure) return RETRY_MS;
    return waiting.length >= BATCH_MAX ? 0 : Math.max(FLUSH_AFTER_MS, restUntilMs - monotonicMs());
  };
  const flushNow = (): void => {
    timer = null;
    const startedMs = monotonicMs();
    flushing = flush().finally(() => {
      flushing = null;
      const endedMs = monotonicMs();
      restUntilMs = endedMs + Math.min(REST_MS_MAX, REST_SHARE * (endedMs - startedMs));
      schedule();
    });
  };

  const flush = async (): Promise<void> => {
    const batch = nextBatch(waiting);
    try {
      await store.together(async (writes) => writeBatch(writes, batch));
      waiting = waiting.slice(batch.length);
      writeFailure = null;
      for (const entry of batch) if ('after' in entry) entry.after();
      onCommit({
        completed: completedOf(batch),
        acknowledged: batch.flatMap((entry) =>
          entry.type === 'acknowledgement' ? [{ hostId: entry.hostId, attemptId: entry.attemptId }] : [],
        ),
      });
    } catch (error) {
      writeFailure = error instanceof Error ? error.message : String(error);
      log.error({ err: error, rows: waiting.length }, 'store write failed; it will be tried again');
    }
  };

  return {
    add: (entry) => {
      waiting.push(entry);
      if (timer && waiting.length === BATCH_MAX && !writeFailure) {
        clearTimeout(timer);
        timer = null;
      }
      schedule();
    },
    writeFailure: () => writeFailure,
    unwritten: () => waiting.length,
    ending: () => new Set(completedOf(waiting)),
    stop: async () => {
      isStopped = true;
      // One last try each: a store that is gone must not hold the daemon back; the rows are re-made from the queue at the next start.
      if (timer) clearTimeout(timer);
      timer = null;
      await flushing;
      while (waiting.length > 0) {
        await flush();
        if (writeFailure) return;
      }
    },
  };
};

const completedOf = (entries: readonly Entry[]): readonly CandidateId[] =>
  entries.flatMap((entry) => (entry.type === 'completion' ? [entry.completion.candidateId] : []));

/** Host and daemon events are rare; a batch is only them or none of them, so that the journal keeps the order of what happened. */
const nextBatch = (waiting: readonly Entry[]): readonly Entry[] => {
  const isEvent = waiting[0]?.type === 'event';
  const other = waiting.findIndex(({ type }) => (type === 'event') !== isEvent);
  return waiting.slice(0, Math.min(BATCH_MAX, other === -1 ? waiting.length : other));
};

type Kind = Entry['type'];
type OfKind<K extends Kind> = Extract<Entry, { type: K }>;

/** A candidate's moves come before its final word, that before its attempts, and all of them after what profiles and canaries say. */
const writeBatch = async (writes: Writes, batch: readonly Entry[]): Promise<void> => {
  const of = <K extends Kind>(kind: K): readonly OfKind<K>[] => batch.filter((entry): entry is OfKind<K> => entry.type === kind);
  const write = async <K extends Kind>(kind: K, to: (entries: readonly OfKind<K>[]) => Promise<unknown>): Promise<void> => {
    const entries = of(kind);
    if (entries.length > 0) await to(entries);
  };
  await write('profile', async (entries) => {
    for (const { finished } of entries) await writes.finishProfile(finished);
  });
  await write('canary', async (entries) => writes.writeCanaries(entries.map(({ canary }) => canary)));
  await write('pair', async (entries) => writes.writePairs(entries.map(({ note }) => note)));
  await write('event', async (entries) => writes.appendEvents(entries.map(({ event }) => event)));
  const transitions = of('transition').map(({ transition }) => transition);
  const completions = of('completion').map(({ completion }) => completion);
  const attempts = of('attempt').map(({ attempt }) => attempt);
  if (transitions.length + completions.length + attempts.length > 0)
    await writes.writeProgress({ transitions, completions, attempts });
};
