/** The durable intake. Implemented by src/queue; test/integration/queue is the suite, on Redis, Postgres and the embedded database. */
import type { CandidateId } from '../ids.ts';

export interface NewJob {
  readonly candidateId: CandidateId;
  /** 1 is first. Never 0, which BullMQ would take before every prioritised job. */
  readonly priority: number;
}

/** One candidate leased: ours until completed, put back, or its lock runs out. */
export interface Lease {
  readonly candidateId: CandidateId;
  readonly priority: number;
  readonly queuedAtMs: number;
}

export interface Queue {
  /** Durable when it resolves. A job whose id is there already is left as it is. Priority >= 1. */
  add(batch: readonly NewJob[]): Promise<void>;
  /** Takes up to `count` waiting jobs, best priority first. Empty when none waits. Does not block. */
  lease(count: number): Promise<readonly Lease[]>;
  /** Of `ids`, those that wait come before all others, in this order. Returns how many that are; 0 while the queue is away. */
  promote(ids: readonly CandidateId[]): Promise<number>;
  /** Ends leased jobs for good. Unknown or already ended ids are no error. */
  complete(ids: readonly CandidateId[]): Promise<void>;
  /** Ends leased jobs that the store has nothing to do for; puts them back where the queue turns out to be another store's. */
  discard(ids: readonly CandidateId[]): Promise<void>;
  /** Puts leased jobs back at their priority, e.g. when stopping. */
  release(ids: readonly CandidateId[]): Promise<void>;
  /** Removes jobs wherever they are (cancelled or paused before they were leased). Unknown ids are no error. */
  remove(ids: readonly CandidateId[]): Promise<void>;
  /** Leases that a previous life of this daemon still held (same persisted token), now ours again. Called once at start. */
  adopt(): Promise<readonly Lease[]>;
  /** Of `ids`, those that have no job; what was left of theirs is gone, so that they can be added. */
  missing(ids: readonly CandidateId[]): Promise<readonly CandidateId[]>;
  /** Jobs that wait or are leased; null where the jobs cannot be lost without the store. Costs the same however many they are. */
  count(): Promise<number | null>;
  /** Called when jobs may have been lost. */
  onLoss(listener: () => void): void;
  /** Called when new work may be there. */
  onWork(listener: () => void): void;
  close(): Promise<void>;
}
