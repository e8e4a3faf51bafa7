/** The records of Kiln over any Sql: candidates, attempts, journal, sweeps, rankings, campaigns. The engine's and the agents' store. */
import { wallClockMs } from '../platform/clock.ts';
import type { CampaignRecord, Generation, GenerationUpdate } from '../domain/campaign/campaign.ts';
import type { CanaryRecord } from '../domain/canary.ts';
import type { CandidateContent } from '../domain/candidate.ts';
import type { CampaignId, CandidateId, SweepId } from '../domain/ids.ts';
import type { AttemptRecord, CandidateRecord, JournalEvent, NewJournalEvent, SweepRecord } from '../domain/records.ts';
import type { ProfileRecord } from '../domain/profile.ts';
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
import {
  insertCampaign,
  insertGenerations,
  readCampaigns,
  readGenerations,
  readUnsettled,
  updateCampaign,
  updateGenerations,
} from './campaigns.ts';
import type { CampaignChange, GenerationPage } from './campaigns.ts';
import { readBacklog } from './backlog.ts';
import { readCanaries, reopenDoubted, writeCanaries } from './canaries.ts';
import type { Doubt, Reopened } from './canaries.ts';
import { insertCandidates } from './intake.ts';
import type { Inserted } from './intake.ts';
import { append, readEvents, readLastSequence, writing } from './journal.ts';
import type { EventQuery } from './journal.ts';
import { askProfiles, finishProfile, readProfile, readProfileReport, readWaitingProfiles } from './profiles.ts';
import { complete, recordAttempts, recordTransitions, reopen } from './progress.ts';
import { insertSweep, readFailures, readRanking, readRecordHolder, readSweep, readSweepBest } from './ranking.ts';
import type { NewSweep, RankedEntry, RankingQuery, RecordRow } from './ranking.ts';
import { readCandidate, readCandidates, readContent, readFirst, readPending, readSourced, readUnfinished } from './reading.ts';
import type { CandidatePage, SourcedCandidate } from './reading.ts';
import { trimJournal } from './trim-journal.ts';
import { readIdsWithPrefix } from './short-ids.ts';
import type { Sql, SqlSession, Writer } from './sql.ts';

export type Writes = Pick<
  SqlStore,
  'recordTransitions' | 'recordAttempts' | 'complete' | 'finishProfile' | 'appendEvents' | 'recordCanaries'
>;

export interface SqlStore {
  insertCandidates(batch: readonly NewCandidate[]): Promise<readonly Inserted[]>;
  recordTransitions(batch: readonly Transition[]): Promise<void>;
  recordAttempts(batch: readonly AttemptRecord[]): Promise<void>;
  complete(batch: readonly Completion[]): Promise<readonly CandidateId[]>;
  together(work: (writes: Writes) => Promise<void>): Promise<void>;
  candidate(id: CandidateId): Promise<CandidateRecord | null>;
  candidates(filter: CandidateFilter): Promise<CandidatePage>;
  content(id: CandidateId): Promise<CandidateContent | null>;
  sourced(ids: readonly CandidateId[]): Promise<readonly SourcedCandidate[]>;
  pending(ids: readonly CandidateId[]): Promise<readonly Unfinished[]>;
  reopen(ids: readonly CandidateId[]): Promise<readonly CandidateId[]>;
  recordCanaries(batch: readonly CanaryRecord[]): Promise<void>;
  canaries(): Promise<readonly CanaryRecord[]>;
  reopenDoubted(doubt: Doubt): Promise<Reopened>;
  backlog(): Promise<Backlog>;
  first(wishes: readonly FirstOf[]): Promise<readonly (readonly CandidateId[])[]>;
  unfinished(page: number, after: { readonly id: CandidateId } | null): Promise<readonly UnfinishedJob[]>;
  trimJournal(page: { readonly after: number; readonly beforeMs: number }): Promise<TrimmedPage>;
  appendEvents(events: readonly NewJournalEvent[]): Promise<void>;
  events(query: EventQuery): Promise<readonly JournalEvent[]>;
  lastSequence(): Promise<number>;
  ranking(query: RankingQuery): Promise<readonly RankedEntry[]>;
  /** Of one device class, or of all (null). */
  failures(problem: string, problemVersions: readonly string[], device: string | null): Promise<Readonly<Record<string, number>>>;
  /** `prefix`: "c-", "s-" or "k-" and hex digits. In order. */
  idsWithPrefix(prefix: string, limit: number): Promise<readonly string[]>;
  record(problem: string, problemVersion: string, deviceModel: string): Promise<RecordRow | null>;
  createSweep(sweep: NewSweep): Promise<void>;
  sweep(id: SweepId): Promise<SweepRecord | null>;
  sweepBest(id: SweepId, limit: number): Promise<readonly CandidateRecord[]>;
  createCampaign(campaign: CampaignRecord): Promise<void>;
  updateCampaign(id: CampaignId, change: CampaignChange): Promise<void>;
  campaigns(): Promise<readonly CampaignRecord[]>;
  unsettledCampaigns(): Promise<readonly CampaignId[]>;
  addGenerations(batch: readonly Generation[]): Promise<void>;
  updateGenerations(batch: readonly GenerationUpdate[]): Promise<void>;
  generations(id: CampaignId, page: Omit<GenerationPage, 'id'>): Promise<readonly Generation[]>;
  askProfiles(ids: readonly CandidateId[], options: { readonly again: boolean }): Promise<readonly CandidateId[]>;
  finishProfile(finished: FinishedProfile): Promise<boolean>;
  profile(id: CandidateId): Promise<ProfileRecord | null>;
  profileReport(id: CandidateId): Promise<Uint8Array | null>;
  waitingProfiles(limit: number): Promise<readonly CandidateId[]>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Milliseconds since 1970; the system's clock by default. */
  readonly now?: () => number;
}

/** `sql` is open and migrated (openEmbedded, openPostgres); `close` leaves it to whoever opened it. */
export const createStore = (sql: Sql, { now = wallClockMs }: StoreOptions = {}): SqlStore => {
  const at = (): string => new Date(now()).toISOString();
  return {
    insertCandidates: async (batch) => insertCandidates(sql, batch, at()),
    ...writesOf(sql, at),
    together: async (work) => writing(sql, async (session) => work(writesOf(within(session), at))),
    candidate: async (id) => readCandidate(sql, id),
    candidates: async (filter) => readCandidates(sql, filter),
    content: async (id) => readContent(sql, id),
    sourced: async (ids) => readSourced(sql, ids),
    pending: async (ids) => readPending(sql, ids),
    reopen: async (ids) => reopen(sql, ids, at()),
    canaries: async () => readCanaries(sql),
    reopenDoubted: async (doubt) => reopenDoubted(sql, doubt, at()),
    backlog: async () => readBacklog(sql),
    first: async (wishes) => readFirst(sql, wishes),
    unfinished: async (page, after) => readUnfinished(sql, page, after?.id ?? null),
    events: async (query) => readEvents(sql, query),
    trimJournal: async (page) => trimJournal(sql, { ...page, at: at() }),
    lastSequence: async () => readLastSequence(sql),
    ranking: async (query) => readRanking(sql, query),
    failures: async (problem, problemVersions, device) => readFailures(sql, problem, problemVersions, device),
    idsWithPrefix: async (prefix, limit) => readIdsWithPrefix(sql, prefix, limit),
    record: async (problem, problemVersion, deviceModel) => readRecordHolder(sql, problem, problemVersion, deviceModel),
    createSweep: async (sweep) => insertSweep(sql, sweep, at()),
    sweep: async (id) => readSweep(sql, id),
    sweepBest: async (id, limit) => readSweepBest(sql, id, limit),
    createCampaign: async (campaign) => insertCampaign(sql, campaign),
    updateCampaign: async (id, change) => updateCampaign(sql, { id, change }, at()),
    campaigns: async () => readCampaigns(sql),
    unsettledCampaigns: async () => readUnsettled(sql),
    addGenerations: async (batch) => insertGenerations(sql, batch),
    updateGenerations: async (batch) => updateGenerations(sql, batch, at()),
    generations: async (id, page) => readGenerations(sql, { id, ...page }),
    askProfiles: async (ids, { again }) => askProfiles(sql, ids, { again, at: at() }),
    profile: async (id) => readProfile(sql, id),
    profileReport: async (id) => readProfileReport(sql, id),
    waitingProfiles: async (limit) => readWaitingProfiles(sql, limit),
    close: async () => Promise.resolve(),
  };
};

const writesOf = (sql: Writer, at: () => string): Writes => ({
  recordTransitions: async (batch) => recordTransitions(sql, batch, at()),
  recordAttempts: async (batch) => recordAttempts(sql, batch),
  complete: async (batch) => complete(sql, batch, at()),
  finishProfile: async (finished) => finishProfile(sql, finished, at()),
  recordCanaries: async (batch) => writeCanaries(sql, batch, at()),
  appendEvents: async (events) => writing(sql, async (session) => append(session, events, at())),
});

/** In a transaction that is open already. */
const within = (session: SqlSession): Writer => ({
  query: async (text, params) => session.query(text, params),
  transaction: async (work) => work(session),
});
