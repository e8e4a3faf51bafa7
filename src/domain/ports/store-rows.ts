/** What goes into the store and comes out of it again, besides what people see. */
import type { Selection } from '../api/steering.ts';
import type { FinishedAttempt } from '../attempt.ts';
import type { ByAnswers, CandidateState, CandidateStatus, Submission } from '../candidate.ts';
import type { CandidateId, ContentHash, HostId } from '../ids.ts';
import type { KernelResources } from '../kernel-resources.ts';
import type { LibraryRunKey } from '../library.ts';
import type { Outcome, Verdict } from '../outcome.ts';
import type { Profile } from '../profile.ts';
import type { NewJournalEvent } from '../journal.ts';
import type { Score } from '../ranking/ranking.ts';
import type { Spread } from '../ranking/spread.ts';

export interface NewCandidate {
  readonly id: CandidateId;
  readonly submission: Submission;
  /** Set when the verdict is known at once (a plan error). */
  readonly outcome: Outcome | null;
}

/** A candidate moved. Written with its journal event in one transaction. */
export interface Transition {
  readonly candidateId: CandidateId;
  readonly state: CandidateState;
  readonly event: NewJournalEvent;
  readonly compileLog?: string;
  readonly resources?: KernelResources | null;
  /** Counts one infra failure. */
  readonly infraFailure?: boolean;
  /** From now on it is judged by its answers. */
  readonly byAnswers?: ByAnswers;
}

/** The final word on a candidate, idempotent: a candidate that is done already is left as it is. */
/** What is old: done before then, and not among the first places of its ranking. */
export interface Retention {
  readonly before: string;
  readonly keepPlaces: number;
}

/** A candidate that is old, whole, as it is written to a file before it is removed. */
export interface OldCandidate {
  readonly id: CandidateId;
  readonly content: unknown;
  readonly source: string;
  readonly submitter: string;
  readonly state: unknown;
  readonly score: unknown;
  readonly compileLog: string;
  readonly submittedAt: string;
  readonly attempts: unknown;
}

/** A run of a problem's library program, done or not. */
export interface LibraryRunRow {
  readonly id: CandidateId;
  readonly problem: string;
  readonly problemVersion: string;
  readonly device: string;
  readonly key: LibraryRunKey;
  readonly environmentKey: ContentHash;
  readonly state: CandidateState;
  readonly isByAnswers: boolean;
  /** How often it was queued. */
  readonly asked: number;
  /** It is to be cancelled, or was, because nobody needs it any more. */
  readonly isObsolete: boolean;
}

/** A problem's definition as candidates were submitted for it. */
export interface KeptProblem {
  readonly problem: string;
  readonly version: string;
  /** Its files: ProblemFolder of problems/read-problem.ts. */
  readonly document: unknown;
}

export interface ProblemVersionRow {
  readonly version: string;
  readonly devices: string[];
  readonly candidates: number;
  readonly ranked: number;
  readonly waiting: number;
  readonly lastSubmittedAt: string;
}

export interface Completion {
  readonly candidateId: CandidateId;
  readonly outcome: Outcome;
  readonly score: Score | null;
  readonly compileLog?: string;
  readonly resources?: KernelResources | null;
  readonly record: boolean;
  /** The compile host that refused its source; absent where that was its own host. */
  readonly compiledBy?: HostId;
  /** What its confirmation says beyond itself. */
  readonly measuredAgain?: MeasuredAgain;
}

/** What a batch of candidates came to. Of one candidate, the moves come before the final word. */
export interface Progress {
  readonly transitions: readonly Transition[];
  readonly completions: readonly Completion[];
  /** Idempotent by attempt id. */
  readonly attempts?: readonly FinishedAttempt[];
}

/** The record holder that a candidate was paired with, as the pair leaves it, and what judgements of one code differ by. */
export interface MeasuredAgain {
  readonly holder: { readonly candidateId: CandidateId; readonly score: Score } | null;
  readonly spread: Spread;
}

/** A pair with a record holder came to nothing; `challenger` null: what was noted of the holder counts no more. */
export interface PairNote {
  readonly holder: CandidateId;
  readonly challenger: CandidateId | null;
}

/** What must be known to queue a candidate again after a restart. */
export interface Unfinished {
  readonly id: CandidateId;
  readonly submission: Submission;
  readonly state: CandidateState;
  readonly attempts: number;
  readonly infraFailures: number;
  readonly submittedAtMs: number;
  readonly byAnswers: ByAnswers | null;
}

/** What is needed to give a candidate a job. */
export type UnfinishedJob = Pick<Unfinished, 'id'> & Pick<Submission, 'priority'>;

/** The end of a profile that was waited for. A profile that waits no more is left as it is. */
export interface FinishedProfile {
  readonly candidateId: CandidateId;
  readonly state: Exclude<Profile['state'], { readonly status: 'waiting' }>;
  /** The profiler's report; null where there is none. */
  readonly raw: Uint8Array | null;
  /** Where it ran, or null. */
  readonly hostId: HostId | null;
}

/** Whose candidates: of one device class and submitter. */
export interface BacklogOwner {
  readonly device: string;
  readonly submitter: string;
}

/** The first of theirs, so many. */
export interface FirstOf extends BacklogOwner {
  readonly limit: number;
}

/** How many of theirs are not done. */
export interface BacklogRow extends BacklogOwner {
  readonly count: number;
}

/** How many of theirs are paused. */
export type PausedRow = BacklogRow;

/** A candidate that was found by what it has in common with others. */
export interface SelectedCandidate {
  /** To go on after it. */
  readonly order: string;
  readonly id: CandidateId;
  readonly problem: string;
  readonly problemVersion: string;
  readonly device: string;
  readonly submitter: string;
  readonly priority: number;
  readonly status: CandidateStatus;
  readonly verdict: Verdict | null;
  readonly isPaused: boolean;
  /** A program that no host could record when it was submitted; null of what is no program. */
  readonly lacksEnvironment: boolean | null;
}

export interface SelectionPage {
  readonly select: Selection;
  /** Those that are done, or those that are not. */
  readonly isDone: boolean;
  readonly after: string | null;
  readonly limit: number;
}

export interface Backlog {
  readonly rows: readonly BacklogRow[];
  /** Of the first submission that is not done. */
  readonly oldestSubmittedAtMs: number | null;
}

export interface CandidateFilter {
  readonly problem?: string | undefined;
  readonly device?: string | undefined;
  readonly status?: string | undefined;
  readonly verdict?: string | undefined;
  readonly submitter?: string | undefined;
  readonly sweep?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** What trimming one page of the journal came to. */
export interface TrimmedPage {
  readonly removed: number;
  /** Sequence number to go on after; null when nothing as old is left. */
  readonly next: number | null;
}
