/** What the queue needs of the place where its jobs are: BullMQ's keys on Redis, a table in Postgres. Both pass test/integration/queue. */
import type { CandidateId } from '../domain/ids.ts';
import type { Lease, NewJob } from '../domain/ports/queue.ts';
import type { OwnerEntry } from './ownership.ts';

export const QUEUE_NAME = 'candidates';
const JOB_NAME = 'candidate';

/** BullMQ counts leases that ran out and gives a job up after so many. Kiln's scheduler decides about retries, so never. */
export const STALLED_COUNT_MAX = 1_000_000_000;
/** Events that BullMQ keeps; nobody reads them, Kiln has a journal of its own. */
export const EVENTS_MAX = 256;

/** Before all priorities: what BullMQ takes for "none". */
export const PROMOTED = 0;

/**
 * The store is the ledger of what was judged, and takes care that nothing is added twice: a finished job is removed at once.
 * The job carries no data: its id is the candidate's, and the store has the rest.
 */
export const JOB_OPTIONS = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const;

export const bulkJob = ({
  candidateId,
  priority,
}: NewJob): { name: string; data: object; opts: { jobId: string; priority: number } } => ({
  name: JOB_NAME,
  data: {},
  opts: { jobId: candidateId, priority },
});

/** A lease, and what BullMQ says against running it again (null: nothing). */
export interface LeasedJob extends Lease {
  readonly deferredFailure: string | null;
}

/** The little that a queue in Postgres asks of its database. */
export interface JobsSql {
  query<Row extends object>(text: string, params?: readonly unknown[]): Promise<readonly Row[]>;
  transaction<T>(work: (session: Pick<JobsSql, 'query'>) => Promise<T>): Promise<T>;
}

/** What an older Kiln kept of the queue elsewhere. Each may be taken again. */
export interface Inheritance {
  /** Before a daemon claims the queue. */
  readonly owner: () => Promise<void>;
  /** Once it has. Returns how many there were. */
  readonly jobs: () => Promise<number>;
}

export interface QueueBackend {
  add(jobs: readonly NewJob[]): Promise<void>;
  lease(count: number): Promise<readonly LeasedJob[]>;
  /** Of `ids`, those that wait are the next to be leased, in this order. Returns how many that are. */
  promote(ids: readonly CandidateId[]): Promise<number>;
  /** Of `ids`, those leased under our token end; the others stay as they are. */
  complete(ids: readonly CandidateId[]): Promise<void>;
  /** The first of `ids` will be the first again among its priority, where the backend can. */
  release(ids: readonly CandidateId[]): Promise<void>;
  /** Of `ids`, those that wait are gone; what is leased stays. */
  remove(ids: readonly CandidateId[]): Promise<void>;
  /** Active jobs under our token, or under a lock that ran out; their locks are renewed. */
  adopt(): Promise<readonly LeasedJob[]>;
  /** Renews locks. Returns the ids whose lock was lost. */
  extend(ids: readonly CandidateId[]): Promise<readonly CandidateId[]>;
  hasWaiting(): Promise<boolean>;
  /** Of `ids`, those that have no job; what was left of theirs is gone, so that they can be added. */
  missing(ids: readonly CandidateId[]): Promise<readonly CandidateId[]>;
  /** Jobs that wait or are leased; null where they cannot be lost without the store. */
  count(): Promise<number | null>;
  /** Settings of the server that make it lose jobs, each with what to do. */
  concerns(): Promise<readonly string[]>;
  readonly owner: OwnerEntry;
  /** Null where there cannot be any. */
  readonly inheritance: Inheritance | null;
  /** Starts to put back, now and from then on, jobs whose lock ran out, within a lease time of that. */
  watchStalled(): Promise<void>;
  close(): Promise<void>;
}

export interface BackendOptions {
  readonly name: string;
  /** Lock token: the same for every daemon of the store, so that its leases can be adopted. */
  readonly token: string;
  readonly leaseMs: number;
  /** Connection trouble, as it comes and goes. */
  readonly onError: (error: unknown) => void;
}
