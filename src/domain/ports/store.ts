/** What Kiln keeps. Implemented by src/store over SQL; test/integration/store is the suite, on Postgres and on the embedded database. */
import type { Campaign, Generation, GenerationUpdate } from '../campaign/campaign.ts';
import type { Lesson, Recalled } from '../campaign/lessons.ts';
import type { CanaryState } from '../canary.ts';
import type { Candidate, CandidateContent, CandidateState } from '../candidate.ts';
import type { Booking, BookingRecord } from '../hosts/booking.ts';
import type { Hold, HoldRecord } from '../hosts/hold.ts';
import type { CampaignId, CandidateId, DeviceId, HostId, SweepId } from '../ids.ts';
import type {
  Backlog,
  CandidateFilter,
  Completion,
  FinishedProfile,
  FirstOf,
  KeptProblem,
  LibraryRunRow,
  NewCandidate,
  OldCandidate,
  PausedRow,
  ProblemVersionRow,
  Retention,
  SelectedCandidate,
  SelectionPage,
  Progress,
  Transition,
  TrimmedPage,
  Unfinished,
  UnfinishedJob,
  PairNote,
} from './store-rows.ts';
import type { Language } from '../plan/plan.ts';
import type { Profile } from '../profile.ts';
import type { Stopped } from '../measurement.ts';
import type { Front } from '../ranking/front.ts';
import type { Spread } from '../ranking/spread.ts';
import type { FinishedAttempt } from '../attempt.ts';
import type { JournalEvent, NewJournalEvent } from '../journal.ts';
import type { RankingClass, RankingEntry, Score } from '../ranking/ranking.ts';
import type { ViewReads } from './views.ts';

/** Candidates, what happened to them, and everything that is read from that. */
export interface Store {
  /** Inserts those that are new; returns the current state of every id, in order. One transaction. */
  insertCandidates(batch: readonly NewCandidate[]): Promise<readonly Inserted[]>;
  /** Applies in order. A transition of a candidate that is done is dropped (its event too). */
  writeTransitions(batch: readonly Transition[]): Promise<void>;
  /** As `writeTransitions`, then `complete`, then `writeAttempts`; whoever moves and ends in one batch is written once. */
  writeProgress(progress: Progress): Promise<void>;
  /** What `work` writes is one transaction: all of it or nothing. */
  together(work: (writes: Writes) => Promise<void>): Promise<void>;
  /** Idempotent by attempt id: a second write of one attempt changes nothing. */
  writeAttempts(batch: readonly FinishedAttempt[]): Promise<void>;
  /** Returns the ids that were not done before. One transaction with their `candidate.done` (and `candidate.record`) events. */
  complete(batch: readonly Completion[]): Promise<readonly CandidateId[]>;
  candidate(id: CandidateId): Promise<Candidate | null>;
  candidates(filter: CandidateFilter): Promise<CandidatePage>;
  content(id: CandidateId): Promise<CandidateContent | null>;
  /** Those of `ids` that are there, in any order. */
  sourced(ids: readonly CandidateId[]): Promise<readonly SourcedCandidate[]>;
  /** Those of `ids` that are not done and not paused, in no particular order: what the scheduler needs once they are leased. */
  pending(ids: readonly CandidateId[]): Promise<readonly Unfinished[]>;
  /** Makes candidates that ended `cancelled` or `infra_failed` queued again (no verdict of the content existed). Returns those that were. */
  reopen(ids: readonly CandidateId[]): Promise<readonly CandidateId[]>;
  /** From now on these are timed to the end. Those that were stopped early are queued again, and returned. */
  measureInFull(ids: readonly CandidateId[]): Promise<readonly CandidateId[]>;
  /** The first places of a ranking of device code, of what was timed to the end, best first. */
  front(key: FrontKey, places: number): Promise<Front>;
  /** Those of the rankings in which somebody was stopped early, in any order. */
  withStopped(keys: readonly FrontKey[]): Promise<readonly FrontKey[]>;
  /**
   * Queues again what was stopped early and could reach `needed` (null: anything could), a page at a time until none is left; with a
   * `candidate.reopened` event each. Waits while a verdict of the ranking that was taken back is not given again.
   */
  reopenInReach(key: FrontKey, needed: Stopped['needed'] | null): Promise<Resumed>;
  /** A page of those that meet all of what is given, in submission order. */
  selected(page: SelectionPage): Promise<readonly SelectedCandidate[]>;
  /** Keeps candidates that are not done from being judged. Returns those that were not paused before. */
  pause(ids: readonly CandidateId[], reason: string | null): Promise<readonly CandidateId[]>;
  /** Returns those that were paused. */
  unpause(ids: readonly CandidateId[], reason: string | null): Promise<readonly CandidateId[]>;
  /** Returns those of them that are not done and had another one. */
  reprioritise(
    ids: readonly CandidateId[],
    change: { readonly priority: number; readonly reason: string | null },
  ): Promise<readonly CandidateId[]>;
  /** Takes verdicts back because an operator asked, in one transaction with their `candidate.reopened` events; a plan error stays. */
  rejudge(ids: readonly CandidateId[], reason: string): Promise<Reopened>;
  paused(): Promise<readonly PausedRow[]>;
  /** Of its class, how many that wait come before it by priority and submission; at most `limit`. */
  countBefore(id: CandidateId, limit: number): Promise<number>;
  /** What is known of each device and compiler now; the last of each stands. */
  writeCanaries(batch: readonly CanaryState[]): Promise<void>;
  canaries(): Promise<readonly CanaryState[]>;
  /** Of record holders; in order. */
  writePairs(notes: readonly PairNote[]): Promise<void>;
  /** Of those who hold a record now, the newest, in the order in which they came. */
  failedPairs(limit: number): Promise<readonly PairNote[]>;
  /** What somebody said of a host or a device, or null, with its journal entry in one transaction. */
  setHold(
    record: Pick<HoldRecord, 'hostId' | 'deviceId'> & { readonly hold: Hold | null },
    event: NewJournalEvent,
  ): Promise<void>;
  holds(): Promise<readonly HoldRecord[]>;
  /** Who has booked a host or a device until when, or null, with its journal entry in one transaction. Rows of bookings that are over go too. */
  setBooking(
    record: Pick<BookingRecord, 'hostId' | 'deviceId'> & { readonly booking: Booking | null },
    event: NewJournalEvent,
  ): Promise<void>;
  /** Those that are over may be among them. */
  bookings(): Promise<readonly BookingRecord[]>;
  /**
   * Queues again candidates whose verdict depends on the device, or on code of the host's compiler, since its last passed canary, and returns
   * them: a page at a time, until none is left. One transaction with their `candidate.reopened` events; records that they held go to the best that is left.
   */
  reopenDoubted(doubt: Doubt): Promise<Reopened>;
  /** Everything that is not done and not paused, oldest first, `page` at a time from after `afterId` in submission order. */
  unfinished(page: number, after: { readonly id: CandidateId } | null): Promise<readonly UnfinishedJob[]>;
  /** The first, by priority and submission, of submitters' candidates for a class that are not done and not paused: a list for each wish. */
  first(wishes: readonly FirstOf[]): Promise<readonly (readonly CandidateId[])[]>;
  /** Counts of what is not done and not paused. */
  backlog(): Promise<Backlog>;
  /** Removes events before `beforeMs` on one page after `after`, but those of candidates that are not done. */
  trimJournal(page: { readonly after: number; readonly beforeMs: number }): Promise<TrimmedPage>;
  appendEvents(events: readonly NewJournalEvent[]): Promise<void>;
  events(query: EventQuery): Promise<readonly JournalEvent[]>;
  lastSequence(): Promise<number>;
  /** Runs of library programs, newest first: those of `ids` alone where they are given, otherwise at most `limit`. */
  libraryRuns(wish: { readonly ids: readonly CandidateId[] } | { readonly limit: number }): Promise<readonly LibraryRunRow[]>;
  /** Runs that are not done and that nobody needs any more: whoever cancels them does not say that they are never asked for again. */
  markObsoleteRuns(ids: readonly CandidateId[]): Promise<void>;
  /** Model by model, the record first, then by rank key; trial 0 only. */
  ranking(query: RankingQuery): Promise<readonly RankedEntry[]>;
  /** Old candidates that nothing needs any more, by problem. */
  countOld(retention: Retention): Promise<Readonly<Record<string, number>>>;
  /** A page of them, the oldest first. */
  readOld(retention: Retention): Promise<readonly OldCandidate[]>;
  /** With attempts, profiles and events, in one transaction. Only what is done goes; returns how many did. */
  removeCandidates(ids: readonly CandidateId[]): Promise<number>;
  /** Of problems: those that no candidate is of and that are in force no more. */
  removeUnusedVersions(): Promise<void>;
  /** They are in force. The documents of those that are there already stay as they are. */
  keepProblemVersions(kept: readonly KeptProblem[]): Promise<void>;
  /** The document that was kept, or null. */
  problemVersion(problem: string, version: string): Promise<unknown>;
  /** What candidates of the problem were submitted for, newest first. */
  versionsOf(problem: string): Promise<readonly ProblemVersionRow[]>;
  /** Of one device class, or of all (null). */
  failures(problem: string, problemVersions: readonly string[], device: string | null): Promise<Readonly<Record<string, number>>>;
  /** `prefix`: "c-", "s-" or "k-" and hex digits. In order. */
  idsWithPrefix(prefix: string, limit: number): Promise<readonly string[]>;
  /** The record holder of a ranking, or null. */
  record(key: RankingKey): Promise<RecordRow | null>;
  /**
   * Makes profiles wait to be taken: those that nobody asked for yet, those that failed, with `again` also those that are done. Returns
   * the ids that wait now. Durable when it resolves.
   */
  askProfiles(ids: readonly CandidateId[], options: { readonly again: boolean }): Promise<readonly CandidateId[]>;
  /** With its `profile.done` event, in one transaction. False when it did not wait any more. */
  finishProfile(finished: FinishedProfile): Promise<boolean>;
  profile(id: CandidateId): Promise<Profile | null>;
  profileReport(id: CandidateId): Promise<Uint8Array | null>;
  /** In the order they were asked for. */
  waitingProfiles(limit: number): Promise<readonly CandidateId[]>;
  /** Reads for those who look. */
  readonly views: ViewReads;
  close(): Promise<void>;
}

/** What happens to candidates, as it is written down. */
export type Writes = Pick<
  Store,
  | 'writeTransitions'
  | 'writeAttempts'
  | 'complete'
  | 'writeProgress'
  | 'finishProfile'
  | 'appendEvents'
  | 'writeCanaries'
  | 'writePairs'
>;

export interface Inserted {
  readonly known: boolean;
  readonly state: CandidateState;
}

export interface CandidatePage {
  readonly candidates: readonly Candidate[];
  readonly next: string | null;
}

export interface SourcedCandidate {
  readonly candidate: Candidate;
  readonly source: string;
}

/** Of a problem as it is defined, on a device model. Racing knows device code alone. */
export interface FrontKey {
  readonly problem: string;
  readonly problemVersion: string;
  readonly deviceModel: string;
}

/** Of what is compared there. */
export interface RankingKey extends FrontKey {
  readonly class: RankingClass;
}

/** Candidates that are judged again. `isWaiting`: none yet; to be asked again later. */
export interface Resumed {
  readonly isWaiting: boolean;
  readonly candidates: readonly { readonly id: CandidateId; readonly priority: number }[];
}

/** Whose verdicts are taken back, and why. */
export interface Doubt {
  readonly hostId: HostId;
  /** Null: of what the host compiled for others. */
  readonly deviceId: DeviceId | null;
  readonly reason: string;
}

export interface Reopened {
  readonly candidates: readonly { readonly id: CandidateId; readonly priority: number }[];
  /** Records whose holder was among them, and who holds them now. */
  readonly records: readonly (RankingKey & {
    readonly holder: { readonly candidateId: CandidateId; readonly score: Score } | null;
  })[];
}

export interface EventQuery {
  readonly after: number;
  readonly limit: number;
  readonly candidateId?: CandidateId;
  /** These alone. */
  readonly types?: readonly JournalEvent['type'][];
}

export interface RankingQuery {
  readonly problem: string;
  /** Definitions of the problem that count; candidates of others were judged by other rules. */
  readonly problemVersions: readonly string[];
  /** Left out: device code. */
  readonly class?: RankingClass;
  /** Of these alone, which are ranked among themselves. */
  readonly submitter?: string | undefined;
  readonly language?: Language | undefined;
  readonly sweep?: SweepId | undefined;
  /** Entries on each device model. */
  readonly limit: number;
}

/** `place`: its number in the order; who shares a place is decided by `placed` (domain/ranking/places.ts). */
export type RankedEntry = Omit<RankingEntry, 'fasterByTime'> & { readonly device: string };

export interface RecordRow {
  readonly candidateId: CandidateId;
  readonly score: Score;
  /** What judgements of one code differ by; null where nothing was measured again yet. */
  readonly spread: Spread | null;
}

/** Campaigns and what their agents asked for. */
export interface CampaignStore extends Pick<Store, 'appendEvents'> {
  /** With its `campaign.created` event, in one transaction. */
  createCampaign(campaign: Campaign, recalled?: readonly Recalled[]): Promise<void>;
  /** What it was told when it began. */
  recalled(id: CampaignId): Promise<readonly Recalled[]>;
  /** In place of what was kept before. */
  keepLessons(id: CampaignId, lessons: readonly Lesson[]): Promise<void>;
  /** Of the newest campaigns that learned something, the newest first. */
  lessons(limit: number): Promise<readonly (readonly Lesson[])[]>;
  /** With a `campaign.changed` event where the status changes. */
  updateCampaign(id: CampaignId, change: CampaignChange): Promise<void>;
  /** Newest first. */
  campaigns(): Promise<readonly Campaign[]>;
  /** Those with generations that are asked, answered or submitted: what a daemon that starts must bring to an end. */
  unfinishedCampaigns(): Promise<readonly CampaignId[]>;
  /** Idempotent by id. */
  addGenerations(batch: readonly Generation[]): Promise<void>;
  /** Applies in order; one transaction. What is judged, failed, lost or diagnosed stays as it is. */
  updateGenerations(batch: readonly GenerationUpdate[]): Promise<void>;
  /** By number, from after `after`. */
  generations(id: CampaignId, page: GenerationPage): Promise<readonly Generation[]>;
  /** Of these candidates, what is judged waits for its verdict again. Returns the generations as they were. */
  withdrawVerdicts(ids: readonly CandidateId[]): Promise<readonly Generation[]>;
  /** Candidates whose verdict was taken back while no daemon followed, and whose generations still tell it. */
  outdatedVerdicts(): Promise<readonly CandidateId[]>;
}

export type CampaignChange = Pick<Campaign, 'status' | 'reason' | 'ranMs'>;

export interface GenerationPage {
  /** Generations with a higher number. */
  readonly after: number;
  readonly limit: number;
}
