/** Sweeps, for those who start and watch them, and their records. */
import type { z } from 'zod';
import type { SubmitCandidate } from '../api/candidates.ts';
import type {
  CreateSweep,
  ExtendSweep,
  SweepList,
  SweepPoints,
  SweepPointsQuery,
  SweepResults,
  SweepResultsQuery,
  SweepView,
} from '../api/sweeps.ts';
import type { CandidateId, SweepId } from '../ids.ts';
import type { Verdict } from '../outcome.ts';
import type { Candidate } from '../candidate.ts';
import type { SweepRow, SweepSpec, SweepStatus } from '../sweep/sweep.ts';
import type { Store } from './store.ts';

/** Implemented by src/sweeps; every method throws KilnError for what the caller did wrong. */
export interface Sweeps {
  /** The same request is the same sweep: sending it twice after a lost answer makes nothing twice. */
  create(request: z.output<typeof CreateSweep>): Promise<SweepView>;
  list(): Promise<SweepList>;
  view(id: SweepId): Promise<SweepView>;
  /** Idempotent. Throws SWEEP_ENDED for one that is over. */
  pause(id: SweepId): Promise<SweepView>;
  resume(id: SweepId): Promise<SweepView>;
  /** Adds to its budget. One that has finished goes on. */
  extend(id: SweepId, more: z.output<typeof ExtendSweep>): Promise<SweepView>;
  /** Ends it for good, with those of its points that wait. Idempotent. */
  cancel(id: SweepId): Promise<SweepView>;
  /** In the order in which verdicts came; waits for the next where `query` says so, until `signal` aborts. */
  results(id: SweepId, query: SweepResultsQuery, signal: AbortSignal): Promise<SweepResults>;
  /** By number: those that wait among them. */
  points(id: SweepId, query: SweepPointsQuery): Promise<SweepPoints>;
}

export type SweepTally = Pick<SweepList['sweeps'][number], 'asked' | 'done' | 'passed' | 'best' | 'gpuSeconds'>;

/** Implemented by src/store; test/integration/store/sweeps.conformance.ts is its suite. */
export interface SweepStore extends Pick<Store, 'appendEvents'> {
  /** With its `sweep.created` event, in one transaction. Idempotent by id. */
  createSweep(sweep: NewSweep): Promise<void>;
  /** With a `sweep.changed` event where the status changes. */
  updateSweep(id: SweepId, change: SweepChange): Promise<void>;
  sweepRow(id: SweepId): Promise<SweepRow | null>;
  /** What its points are made from; null of a sweep of before. */
  sweepCandidate(id: SweepId): Promise<z.output<typeof SubmitCandidate> | null>;
  /** Running or paused, the oldest first. */
  openSweeps(): Promise<readonly SweepRow[]>;
  /** Cancelled, with points of their own that are still to be judged: a daemon that was killed in between leaves some. */
  cancelledWithWork(): Promise<readonly SweepId[]>;
  /** Before they are submitted. Idempotent by number. */
  askSweepPoints(id: SweepId, asked: readonly AskedPoint[]): Promise<void>;
  /** Their candidates are there. */
  linkSweepPoints(id: SweepId, linked: readonly LinkedPoint[]): Promise<void>;
  reportSweepPoints(id: SweepId, reported: readonly ReportedPoint[]): Promise<void>;
  /** By number, from after `after`. */
  sweepTrail(id: SweepId, page: SweepPage): Promise<readonly TrailPoint[]>;
  /** Those of the candidates that have a verdict. */
  sweepVerdicts(id: SweepId, candidateIds: readonly CandidateId[]): Promise<readonly SweepVerdict[]>;
  /** Its points that have no verdict, of those that nobody had submitted before. */
  unfinishedOfSweep(id: SweepId): Promise<readonly CandidateId[]>;
  /** Reported after `after`, in their order. */
  sweepResults(id: SweepId, page: SweepPage): Promise<SweepResults['results']>;
  sweepPoints(id: SweepId, page: SweepPage): Promise<SweepPoints['points']>;
  sweepCounts(id: SweepId): Promise<SweepCounts>;
  sweepBest(id: SweepId, limit: number): Promise<readonly Candidate[]>;
  /** The last ones, newest first. */
  lastSweeps(limit: number): Promise<readonly SweepRow[]>;
  /** What the points of one came to, for a line in a list. */
  sweepTally(id: SweepId): Promise<SweepTally>;
}

export interface NewSweep {
  readonly id: SweepId;
  readonly spec: SweepSpec;
  readonly candidate: z.output<typeof SubmitCandidate>;
}

/** What is left out stays. */
export interface SweepChange {
  readonly status?: SweepStatus;
  readonly reason?: string | null;
  readonly ranMs?: number;
  readonly spec?: SweepSpec;
}

export interface SweepPage {
  readonly after: number;
  readonly limit: number;
}

export interface AskedPoint {
  readonly number: number;
  readonly point: number;
}

export interface LinkedPoint {
  readonly number: number;
  readonly candidateId: CandidateId;
}

export interface ReportedPoint {
  readonly number: number;
  readonly reported: number;
  readonly deviceMs: number;
}

export interface SweepVerdict {
  readonly candidateId: CandidateId;
  readonly verdict: Verdict;
  /** Rank key; null unless it passed. */
  readonly speedup: number | null;
  /** 0 where somebody else submitted it first. */
  readonly deviceMs: number;
}

/** A point as it is taken up again after a restart. */
export interface TrailPoint extends AskedPoint {
  readonly candidateId: CandidateId | null;
  readonly reported: number | null;
  readonly deviceMs: number | null;
  readonly verdict: Verdict | null;
  readonly speedup: number | null;
}

export interface SweepCounts {
  readonly asked: number;
  readonly byStatus: Record<string, number>;
  readonly byVerdict: Record<string, number>;
  readonly gpuSeconds: number;
}
