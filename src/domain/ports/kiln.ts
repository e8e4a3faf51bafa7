/** What Kiln does for those who call it. Implemented by the engine; every method throws KilnError for what the caller did wrong. */
import type { BookHost, HostBookings, UnbookHost } from '../hosts/booking.ts';
import type { HoldHost, HostHolds, ReleaseHost } from '../hosts/hold.ts';
import type { CheckProblem, ProblemTried } from '../api/problem-check.ts';
import type { z } from 'zod';
import type { CancelAnswer, CandidateList, ListQuery, SubmitAnswer, SubmitCandidate } from '../api/candidates.ts';
import type { FleetView, HostResumed, HostsRefreshed } from '../api/fleet.ts';
import type {
  ProblemList,
  ProblemsReloaded,
  ProblemVersionList,
  ProblemView,
  RankingQuery,
  RankingView,
} from '../api/problems.ts';
import type { QueueView } from '../api/queue.ts';
import type { Collected, CollectGarbage } from '../api/retention.ts';
import type { Steered, Steering, SteeringRequest } from '../api/steering.ts';
import type { Why } from '../api/why.ts';
import type { CandidateId, HostId, SweepId } from '../ids.ts';
import type { LibraryView } from '../library.ts';
import type { Profile } from '../profile.ts';
import type { Program } from '../program.ts';
import type { Candidate } from '../candidate.ts';
import type { JournalEvent } from '../journal.ts';
import type { EventQuery, SourcedCandidate } from './store.ts';
import type { FleetControl } from './fleet-control.ts';
import type { SubmitterControl } from './submitters.ts';
import type { Views } from './views.ts';

export interface Kiln {
  /** `sweepId`: the sweep whose points they are. */
  submit(batch: readonly z.output<typeof SubmitCandidate>[], sweepId?: SweepId | null): Promise<SubmitAnswer>;
  cancel(id: CandidateId): Promise<CancelAnswer>;
  /** What it waits for. Throws NOT_FOUND for one that is not there. */
  why(id: CandidateId): Promise<Why>;
  /** Throws NOT_FOUND where a candidate, sweep or campaign is named that is not there; nothing is changed then. */
  steer(action: Steering, request: SteeringRequest): Promise<Steered>;
  candidate(id: CandidateId): Promise<Candidate>;
  /** Those of `ids` that are there, in any order: many at once, after a restart. */
  sourced(ids: readonly CandidateId[]): Promise<readonly SourcedCandidate[]>;
  candidates(query: ListQuery): Promise<CandidateList>;
  /** At most `limit` ids of the kind that the first letter tells (c, s, k), in order. */
  idsWithPrefix(prefix: string, limit: number): Promise<readonly string[]>;
  /** `program`: of one in python, its entry and other files. */
  source(
    id: CandidateId,
  ): Promise<{ readonly source: string; readonly language: string; readonly program?: Program | undefined }>;
  /** Null where none was asked for. */
  profile(id: CandidateId): Promise<Profile | null>;
  /**
   * Also where there is one: it is profiled again. Resolves when it is durable that it was asked for; `profile.done` is in the journal when
   * it is there.
   */
  askProfile(id: CandidateId): Promise<Profile | null>;
  /** The profiler's own report; null where there is none. */
  profileReport(id: CandidateId): Promise<Uint8Array | null>;
  /** Journal after `after`; wait on `onEvents` for more. */
  events(query: EventQuery): Promise<readonly JournalEvent[]>;
  /** Sequence number of the newest event. */
  lastSequence(): Promise<number>;
  /** Called after every journal write, in order. Returns the unsubscriber. */
  onEvents(listener: () => void): () => void;
  queue(): Promise<QueueView>;
  fleet(): Promise<FleetView>;
  /** Throws NOT_FOUND for a host that is not of the fleet. */
  /** `by`: who says so. Throws NOT_FOUND. */
  holdHost(host: HostId, wish: HoldHost, by: string): Promise<HostHolds>;
  /** The whole host: also what canaries quarantined. */
  releaseHost(host: HostId, wish: ReleaseHost, by: string): Promise<HostHolds>;
  /** `by`: who says so. Throws NOT_FOUND, ALREADY_BOOKED. */
  bookHost(host: HostId, wish: BookHost, by: string): Promise<HostBookings>;
  unbookHost(host: HostId, wish: UnbookHost, by: string): Promise<HostBookings>;
  resumeHost(host: HostId): Promise<HostResumed>;
  /** Of all hosts where it is null. Throws NOT_FOUND for a host that is not of the fleet. */
  refreshHosts(host: HostId | null): Promise<HostsRefreshed>;
  problems(): ProblemList;
  /** Reads the folders again. */
  reloadProblems(): Promise<ProblemsReloaded>;
  /** Throws NOT_FOUND for one that never was. */
  problemVersions(name: string): Promise<ProblemVersionList>;
  problem(name: string): ProblemView;
  /** What its library program takes on each device model. Throws NOT_FOUND. */
  library(problem: string): LibraryView;
  /** Wrong versions of its reference, tried on a device of the fleet. Throws UNKNOWN_DEVICE where none takes work, QUEUE_FULL while another is tried. */
  checkProblem(name: string, where: CheckProblem): Promise<ProblemTried>;
  /** `mayBeUnknown`: a device class that nobody has seen has an empty ranking; otherwise it is refused. */
  ranking(
    problem: string,
    query: Partial<RankingQuery> & Pick<RankingQuery, 'limit'> & { readonly mayBeUnknown?: boolean },
  ): Promise<RankingView>;
  readonly views: Views;
  readonly fleetControl: FleetControl;
  /** Removes old candidates that nothing needs any more. */
  collectGarbage(request: CollectGarbage): Promise<Collected>;
  readonly submitters: SubmitterControl;
  /** Null when ready, otherwise why not: everybody may read it, so nothing secret. */
  notReady(): Promise<string | null>;
  /** Prometheus text. */
  metrics(): Promise<string>;
}

/** The part of it that agents use: they are clients like any other, with the same checks. */
export type Judging = Pick<
  Kiln,
  | 'submit'
  | 'candidate'
  | 'source'
  | 'sourced'
  | 'problem'
  | 'library'
  | 'ranking'
  | 'queue'
  | 'fleet'
  | 'profile'
  | 'askProfile'
  | 'events'
  | 'lastSequence'
  | 'onEvents'
>;

/** The part of it that sweeps use. */
export type SweepJudging = Pick<Kiln, 'submit' | 'steer' | 'views' | 'fleet' | 'events' | 'lastSequence' | 'onEvents'>;
