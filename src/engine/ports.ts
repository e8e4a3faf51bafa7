/** What the engine needs from the store, the queue and the hosts. Each has two implementations that pass one conformance suite. */
import type { Buffer } from 'node:buffer';
import type { CanaryRecord } from '../domain/canary.ts';
import type { CandidateContent, CandidateState } from '../domain/candidate.ts';
import type { AttemptId, CandidateId, ContentHash, DeviceId, HostId, SweepId } from '../domain/ids.ts';
import type {
  Backlog,
  CandidateFilter,
  Completion,
  FinishedProfile,
  FirstOf,
  NewCandidate,
  Transition,
  TrimmedPage,
  Unfinished,
  UnfinishedJob,
} from '../domain/ledger.ts';
import type { ProfileRecord } from '../domain/profile.ts';
import type { CompileUnit, FromRunner, Inventory, JudgeTask, ProblemDefinition, ToRunner } from '../domain/protocol.ts';
import type {
  AttemptRecord,
  CandidateRecord,
  JournalEvent,
  NewJournalEvent,
  RankingEntry,
  Score,
  SweepRecord,
} from '../domain/records.ts';
import type { Spread } from '../domain/ranking/spread.ts';

/** What happens to candidates, as it is written down. */
export type Writes = Pick<
  Store,
  'recordTransitions' | 'recordAttempts' | 'complete' | 'finishProfile' | 'appendEvents' | 'recordCanaries'
>;

export interface Store {
  /** Inserts those that are new; gives the current record state of every id, in order. One transaction. */
  insertCandidates(
    batch: readonly NewCandidate[],
  ): Promise<readonly { readonly known: boolean; readonly state: CandidateState }[]>;
  /** Applies in order. A transition of a candidate that is done is dropped (its event too). */
  recordTransitions(batch: readonly Transition[]): Promise<void>;
  /** What `work` writes is one transaction: all of it or nothing. */
  together(work: (writes: Writes) => Promise<void>): Promise<void>;
  /** Idempotent by attempt id: a second write of one attempt changes nothing. */
  recordAttempts(batch: readonly AttemptRecord[]): Promise<void>;
  /** Returns the ids that were not done before. One transaction with their `candidate.done` (and `candidate.record`) events. */
  complete(batch: readonly Completion[]): Promise<readonly CandidateId[]>;
  candidate(id: CandidateId): Promise<CandidateRecord | null>;
  candidates(filter: CandidateFilter): Promise<{ readonly candidates: readonly CandidateRecord[]; readonly next: string | null }>;
  content(id: CandidateId): Promise<CandidateContent | null>;
  /** Those of `ids` that are there, in any order. */
  sourced(ids: readonly CandidateId[]): Promise<readonly { readonly record: CandidateRecord; readonly source: string }[]>;
  /** Those of `ids` that are not done, in no particular order: what the scheduler needs once they are leased. */
  pending(ids: readonly CandidateId[]): Promise<readonly Unfinished[]>;
  /** Makes candidates that ended `cancelled` or `infra_failed` queued again (no verdict of the content existed). Returns those that were. */
  reopen(ids: readonly CandidateId[]): Promise<readonly CandidateId[]>;
  /** What is known of each device now; the last of a device stands. */
  recordCanaries(batch: readonly CanaryRecord[]): Promise<void>;
  canaries(): Promise<readonly CanaryRecord[]>;
  /**
   * Queues again candidates whose verdict rests on the device since its last passed canary, a page of them, and gives those; until none is
   * left. One transaction with their `candidate.reopened` events; records that they held go to the best that is left.
   */
  reopenDoubted(doubt: { readonly hostId: HostId; readonly deviceId: DeviceId; readonly reason: string }): Promise<{
    readonly candidates: readonly { readonly id: CandidateId; readonly priority: number }[];
    readonly records: readonly {
      readonly problem: string;
      readonly problemVersion: string;
      readonly deviceModel: string;
      readonly holder: { readonly candidateId: CandidateId; readonly score: Score } | null;
    }[];
  }>;
  /** Everything that is not done, oldest first, `page` at a time from after `afterId` in submission order. */
  unfinished(page: number, after: { readonly id: CandidateId } | null): Promise<readonly UnfinishedJob[]>;
  /** The first, by priority and submission, of submitters' candidates for a class that are not done: a list for each wish. */
  first(wishes: readonly FirstOf[]): Promise<readonly (readonly CandidateId[])[]>;
  /** Counts of what is not done. */
  backlog(): Promise<Backlog>;
  /** Removes events before `beforeMs` on one page after `after`, but those of candidates that are not done. */
  trimJournal(page: { readonly after: number; readonly beforeMs: number }): Promise<TrimmedPage>;
  appendEvents(events: readonly NewJournalEvent[]): Promise<void>;
  events(query: {
    readonly after: number;
    readonly limit: number;
    readonly candidateId?: CandidateId;
  }): Promise<readonly JournalEvent[]>;
  lastSequence(): Promise<number>;
  /** Model by model, the record first, then by rank key; trial 0 only. */
  ranking(query: {
    readonly problem: string;
    readonly problemVersions: readonly string[];
    readonly limit: number;
  }): Promise<readonly (Omit<RankingEntry, 'fasterByTime'> & { readonly device: string })[]>;
  /** Of one device class, or of all (null). */
  failures(problem: string, problemVersions: readonly string[], device: string | null): Promise<Readonly<Record<string, number>>>;
  /** `prefix`: "c-", "s-" or "k-" and hex digits. In order. */
  idsWithPrefix(prefix: string, limit: number): Promise<readonly string[]>;
  /** The record holder of a problem on a model, or null. */
  record(
    problem: string,
    problemVersion: string,
    deviceModel: string,
  ): Promise<{ readonly candidateId: CandidateId; readonly score: Score; readonly spread: Spread | null } | null>;
  createSweep(sweep: {
    readonly id: SweepId;
    readonly problem: string;
    readonly device: string;
    readonly candidateIds: readonly CandidateId[];
  }): Promise<void>;
  sweep(id: SweepId): Promise<SweepRecord | null>;
  sweepBest(id: SweepId, limit: number): Promise<readonly CandidateRecord[]>;
  /**
   * Makes profiles wait to be taken: those that nobody asked for yet, those that failed, with `again` also those that are done. Returns
   * the ids that wait now. Durable when it resolves.
   */
  askProfiles(ids: readonly CandidateId[], options: { readonly again: boolean }): Promise<readonly CandidateId[]>;
  /** With its `profile.done` event, in one transaction. False when it did not wait any more. */
  finishProfile(finished: FinishedProfile): Promise<boolean>;
  profile(id: CandidateId): Promise<ProfileRecord | null>;
  profileReport(id: CandidateId): Promise<Uint8Array | null>;
  /** In the order they were asked for. */
  waitingProfiles(limit: number): Promise<readonly CandidateId[]>;
  close(): Promise<void>;
}

/** One candidate leased from BullMQ: ours until completed, put back, or the lock runs out. */
export interface Lease {
  readonly candidateId: CandidateId;
  readonly priority: number;
  readonly queuedAtMs: number;
}

export interface Queue {
  /** Durable when it resolves. A job whose id is there already is left as it is. Priority >= 1. */
  add(batch: readonly { readonly candidateId: CandidateId; readonly priority: number }[]): Promise<void>;
  /** Takes up to `count` waiting jobs, best priority first. Empty when none waits. Does not block. */
  lease(count: number): Promise<readonly Lease[]>;
  /** Of `ids`, those that wait come before all others, in this order. Gives how many that are; 0 while the queue is away. */
  promote(ids: readonly CandidateId[]): Promise<number>;
  /** Ends leased jobs for good. Unknown or already ended ids are no error. */
  complete(ids: readonly CandidateId[]): Promise<void>;
  /** Ends leased jobs that the store has nothing to do for; puts them back where the queue turns out to be another store's. */
  discard(ids: readonly CandidateId[]): Promise<void>;
  /** Puts leased jobs back at their priority, e.g. when stopping. */
  release(ids: readonly CandidateId[]): Promise<void>;
  /** Removes a job wherever it is (cancel before it was leased). */
  remove(id: CandidateId): Promise<void>;
  /** Leases that a previous life of this daemon still held (same persisted token), now ours again. Called once at start. */
  adopt(): Promise<readonly Lease[]>;
  /** Of `ids`, those that have no job; what was left of theirs is gone, so that they can be added. */
  missing(ids: readonly CandidateId[]): Promise<readonly CandidateId[]>;
  /** Jobs that wait or are leased; null where the jobs cannot be lost without the records. Costs the same however many they are. */
  count(): Promise<number | null>;
  /** Called when jobs may have been lost. */
  onLoss(listener: () => void): void;
  /** Called when new work may be there. */
  onWork(listener: () => void): void;
  close(): Promise<void>;
}

export type HostEvent =
  | { readonly type: 'connected'; readonly hostId: HostId; readonly hello: Extract<FromRunner, { type: 'hello' }> }
  | { readonly type: 'frame'; readonly hostId: HostId; readonly frame: FromRunner; readonly payload?: Buffer }
  | { readonly type: 'lost'; readonly hostId: HostId; readonly reason: string; readonly retryAtMs: number | null }
  | { readonly type: 'refused'; readonly hostId: HostId; readonly reason: string; readonly retryAtMs: number | null };

/** An artifact on its way between hosts: a tar of its files. At most BUNDLE_BYTES_MAX bytes. */
export interface Bundle {
  readonly sha256: ContentHash;
  readonly bytes: Buffer;
}

/** A host of the fleet: keeps one attached connection, reconnects with backoff, never throws into the engine. */
export interface HostSession {
  readonly hostId: HostId;
  readonly labels: readonly string[];
  readonly transport: 'ssh' | 'local' | 'command';
  readonly address: string;
  /** Last measured ping, milliseconds; null before the first. */
  readonly roundTripMs: number | null;
  /** The last of the current connection; null while not connected. */
  readonly inventory: Inventory | null;
  start(listener: (event: HostEvent) => void): void;
  /** False when not connected: nothing was sent. */
  defineProblem(definition: ProblemDefinition): boolean;
  compile(compileId: string, unit: CompileUnit, limitMs: number): boolean;
  judge(task: JudgeTask): boolean;
  /** Answered by a `profiled` frame. */
  profile(request: Omit<Extract<ToRunner, { type: 'profile' }>, 'type'>): boolean;
  /** Answered by an `artifact` frame. */
  fetchArtifact(artifact: ContentHash): boolean;
  /** Answered by an `artifact_stored` frame. */
  putArtifact(artifact: ContentHash, bundle: Bundle): boolean;
  retract(attemptIds: readonly AttemptId[]): boolean;
  cancel(attemptId: AttemptId): boolean;
  cancelCompile(compileId: string): boolean;
  ack(attemptIds: readonly AttemptId[]): boolean;
  /** The runner takes its inventory again: answered by an `inventory` frame that names the id. */
  refresh(refreshId: string): boolean;
  /** Idempotent. With `shutdownRunner` the runner ends too; otherwise it is left for the next daemon. */
  stop(options: { readonly shutdownRunner: boolean }): Promise<void>;
}
