/** The store over any Sql: candidates, attempts, journal, sweeps, rankings, campaigns. */
import { readHolds, writeHold } from './holds.ts';
import { countOld, readOld, removeCandidates, removeUnusedVersions } from './retention.ts';
import { keepProblemVersions, readProblemVersion, readVersionsOf } from './problem-versions.ts';
import { wallClockMs } from '../platform/clock.ts';
import type { AddedHosts } from '../domain/ports/fleet-control.ts';
import type { CampaignStore, Store, Writes } from '../domain/ports/store.ts';
import type { SubmitterStore } from '../domain/ports/submitters.ts';
import type { SweepStore } from '../domain/ports/sweeps.ts';
import type { AuditStore, TokenStore } from '../domain/ports/access.ts';
import type { ShareStore } from '../domain/ports/shares.ts';
import {
  insertCampaign,
  readLessons,
  readRecalled,
  updateLessons,
  insertGenerations,
  readCampaigns,
  readGenerations,
  readOutdatedVerdicts,
  readUnfinishedCampaigns,
  updateCampaign,
  updateGenerations,
  withdrawVerdicts,
} from './campaigns.ts';
import { insertAudit, readAudit, updateAudit } from './audit.ts';
import { readBacklog } from './backlog.ts';
import { readBookings, writeBooking } from './bookings.ts';
import { readCanaries, reopenDoubted, writeCanaries } from './canaries.ts';
import { readFailedPairs, writePairs } from './failed-pairs.ts';
import { dropHost, keepHost, readAddedHosts } from './hosts.ts';
import { insertCandidates } from './intake.ts';
import { append, readEvents, readLastSequence, writing } from './journal.ts';
import { createPauses } from './pauses.ts';
import { askProfiles, finishProfile, readProfile, readProfileReport, readWaitingProfiles } from './profiles.ts';
import { writeAttempts, writeProgress, reopen, type WithFinal } from './progress.ts';
import { measureInFull, readFront, readWithStopped, reopenInReach } from './racing.ts';
import { readFailures, readRanking, readRecordHolder } from './ranking.ts';
import { readCandidate, readCandidates, readContent, readFirst, readPending, readSourced, readUnfinished } from './reading.ts';
import { markObsoleteRuns, readLibraryRuns } from './libraries.ts';
import { trimJournal } from './trim-journal.ts';
import { rejudge } from './rejudge.ts';
import { insertShare, readShare, readShares, revokeShare } from './share-links.ts';
import { readIdsWithPrefix } from './short-ids.ts';
import { countBefore, pause, readPaused, readSelected, reprioritise, unpause } from './steering.ts';
import type { Sql, SqlTransaction, Writer } from './sql.ts';
import { readLanes } from './lanes.ts';
import { readPoints, readResults, readSweepBest, readSweepCounts, readSweepTally } from './sweep-reads.ts';
import {
  insertAskedPoints,
  insertSweep,
  linkPoints,
  readLastSweeps,
  readCancelledWithWork,
  readOpenSweeps,
  readSweepCandidate,
  readSweepRow,
  readTrail,
  readUnfinished as readUnfinishedOfSweep,
  readVerdicts,
  reportPoints,
  updateSweep,
} from './sweeps.ts';
import { deleteSubmitter, readDeviceTime, readSubmitters, writeSubmitter } from './submitters.ts';
import { insertToken, readTokens, revokeToken } from './tokens.ts';
import { readActivity, readOrigin, readProgress, readRecords, readSummaries } from './views.ts';

/** What `createStore` implements. */
export type SqlStore = Store & CampaignStore & AddedHosts & SweepStore & ShareStore & TokenStore & AuditStore & SubmitterStore;

export interface StoreOptions {
  /** Milliseconds since 1970; the system's clock by default. */
  readonly now?: () => number;
  /** What is written in one transaction with final words. */
  readonly withFinal?: WithFinal;
}

/** `sql` is open and migrated (openEmbedded, openPostgres); `close` leaves it to whoever opened it. */
export const createStore = (sql: Sql, { now = wallClockMs, withFinal }: StoreOptions = {}): SqlStore => {
  const at = (): string => new Date(now()).toISOString();
  const pauses = createPauses();
  return {
    insertCandidates: async (batch) => insertCandidates(sql, batch, at()),
    ...writesOf(sql, at, withFinal),
    together: async (work) => writing(sql, async (session) => work(writesOf(within(session), at, withFinal))),
    candidate: async (id) => readCandidate(sql, id),
    candidates: async (filter) => readCandidates(sql, filter),
    content: async (id) => readContent(sql, id),
    sourced: async (ids) => readSourced(sql, ids),
    pending: async (ids) => readPending(sql, ids),
    reopen: async (ids) => reopen(sql, ids, at()),
    measureInFull: async (ids) => measureInFull(sql, ids, at()),
    front: async (key, places) => readFront(sql, key, places),
    withStopped: async (keys) => readWithStopped(sql, keys),
    reopenInReach: async (key, needed) => reopenInReach(sql, { key, needed }, at()),
    selected: async (page) => readSelected(sql, page),
    pause: async (ids, reason) => pauses.note(async () => pause(sql, ids, { reason, at: at() })),
    unpause: async (ids, reason) => unpause(sql, ids, { reason, at: at() }),
    reprioritise: async (ids, change) => reprioritise(sql, ids, { ...change, at: at() }),
    rejudge: async (ids, reason) => rejudge(sql, ids, { reason, at: at() }),
    paused: async () => pauses.read(async () => readPaused(sql)),
    countBefore: async (id, limit) => countBefore(sql, id, limit),
    canaries: async () => readCanaries(sql),
    failedPairs: async (limit) => readFailedPairs(sql, limit),
    reopenDoubted: async (doubt) => reopenDoubted(sql, doubt, at()),
    backlog: async () => readBacklog(sql),
    first: async (wishes) => readFirst(sql, wishes),
    unfinished: async (page, after) => readUnfinished(sql, page, after?.id ?? null),
    events: async (query) => readEvents(sql, query),
    trimJournal: async (page) => trimJournal(sql, { ...page, at: at() }),
    lastSequence: async () => readLastSequence(sql),
    countOld: async (retention) => countOld(sql, retention),
    readOld: async (retention) => readOld(sql, retention),
    removeCandidates: async (ids) => removeCandidates(sql, ids, at()),
    removeUnusedVersions: async () => removeUnusedVersions(sql, at()),
    keepProblemVersions: async (kept) => keepProblemVersions(sql, kept, at()),
    problemVersion: async (problem, version) => readProblemVersion(sql, problem, version),
    versionsOf: async (problem) => readVersionsOf(sql, problem),
    libraryRuns: async (wish) => readLibraryRuns(sql, wish),
    markObsoleteRuns: async (ids) => markObsoleteRuns(sql, ids),
    ranking: async (query) => readRanking(sql, query),
    failures: async (problem, problemVersions, device) => readFailures(sql, problem, problemVersions, device),
    idsWithPrefix: async (prefix, limit) => readIdsWithPrefix(sql, prefix, limit),
    record: async (key) => readRecordHolder(sql, key),
    ...sweepsOf(sql, at),
    addShare: async (share) => insertShare(sql, share),
    share: async (id) => readShare(sql, id),
    shares: async (madeWith) => readShares(sql, madeWith),
    revokeShare: async (id, moment) => revokeShare(sql, id, moment),
    ...accessOf(sql),
    ...campaignsOf(sql, at),
    setHold: async (record, event) => writeHold(sql, record, { event, at: at() }),
    holds: async () => readHolds(sql),
    setBooking: async (record, event) => writeBooking(sql, record, { event, at: at() }),
    bookings: async () => readBookings(sql),
    addedHosts: async () => readAddedHosts(sql),
    keepHost: async (host) => keepHost(sql, host),
    dropHost: async (name) => dropHost(sql, name),
    askProfiles: async (ids, { again }) => askProfiles(sql, ids, { again, at: at() }),
    profile: async (id) => readProfile(sql, id),
    profileReport: async (id) => readProfileReport(sql, id),
    waitingProfiles: async (limit) => readWaitingProfiles(sql, limit),
    views: {
      lanes: async (steps) => readLanes(sql, steps),
      activity: async (query) => readActivity(sql, query),
      summaries: async (query) => readSummaries(sql, query),
      records: async (query) => readRecords(sql, query),
      progress: async (query) => readProgress(sql, query),
      origin: async (id) => readOrigin(sql, id),
    },
    close: async () => Promise.resolve(),
  };
};

const campaignsOf = (sql: Sql, at: () => string): Omit<CampaignStore, 'appendEvents'> => ({
  createCampaign: async (campaign, recalled = []) => insertCampaign(sql, campaign, recalled),
  recalled: async (id) => readRecalled(sql, id),
  keepLessons: async (id, lessons) => updateLessons(sql, id, lessons),
  lessons: async (limit) => readLessons(sql, limit),
  updateCampaign: async (id, change) => updateCampaign(sql, { id, change }, at()),
  campaigns: async () => readCampaigns(sql),
  unfinishedCampaigns: async () => readUnfinishedCampaigns(sql),
  addGenerations: async (batch) => insertGenerations(sql, batch),
  updateGenerations: async (batch) => updateGenerations(sql, batch, at()),
  generations: async (id, page) => readGenerations(sql, id, page),
  withdrawVerdicts: async (ids) => withdrawVerdicts(sql, ids, at()),
  outdatedVerdicts: async () => readOutdatedVerdicts(sql),
});

const accessOf = (sql: Sql): TokenStore & AuditStore & SubmitterStore => ({
  submitterSettings: async () => readSubmitters(sql),
  keepSubmitter: async (settings) => writeSubmitter(sql, settings),
  dropSubmitter: async (submitter) => deleteSubmitter(sql, submitter),
  deviceTime: async (submitters, from) => readDeviceTime(sql, submitters, from),
  addToken: async (token) => insertToken(sql, token),
  tokens: async () => readTokens(sql),
  revokeToken: async (id, moment) => revokeToken(sql, id, moment),
  addAudit: async (entry) => insertAudit(sql, entry),
  endAudit: async (sequence, status) => updateAudit(sql, sequence, status),
  audit: async (query) => readAudit(sql, query),
});

const sweepsOf = (sql: Sql, at: () => string): Omit<SweepStore, 'appendEvents'> => ({
  createSweep: async (sweep) => insertSweep(sql, sweep, at()),
  updateSweep: async (id, change) => updateSweep(sql, { id, change }, at()),
  sweepRow: async (id) => readSweepRow(sql, id),
  sweepCandidate: async (id) => readSweepCandidate(sql, id),
  openSweeps: async () => readOpenSweeps(sql),
  cancelledWithWork: async () => readCancelledWithWork(sql),
  askSweepPoints: async (id, asked) => insertAskedPoints(sql, id, asked),
  linkSweepPoints: async (id, linked) => linkPoints(sql, id, linked),
  reportSweepPoints: async (id, points) => reportPoints(sql, id, points),
  sweepTrail: async (id, page) => readTrail(sql, id, page),
  sweepVerdicts: async (id, candidateIds) => readVerdicts(sql, id, candidateIds),
  unfinishedOfSweep: async (id) => readUnfinishedOfSweep(sql, id),
  sweepResults: async (id, page) => readResults(sql, id, page),
  sweepPoints: async (id, page) => readPoints(sql, id, page),
  sweepCounts: async (id) => readSweepCounts(sql, id),
  sweepBest: async (id, limit) => readSweepBest(sql, id, limit),
  lastSweeps: async (limit) => readLastSweeps(sql, limit),
  sweepTally: async (id) => readSweepTally(sql, id),
});

const writesOf = (sql: Writer, at: () => string, withFinal?: WithFinal): Writes => ({
  writeTransitions: async (transitions) => void (await writeProgress(sql, { transitions, completions: [] }, { at: at() })),
  writeAttempts: async (batch) => writeAttempts(sql, batch),
  complete: async (completions) => writeProgress(sql, { transitions: [], completions }, { at: at(), withFinal }),
  writeProgress: async (progress) => void (await writeProgress(sql, progress, { at: at(), withFinal })),
  finishProfile: async (finished) => finishProfile(sql, finished, at()),
  writeCanaries: async (batch) => writeCanaries(sql, batch, at()),
  writePairs: async (notes) => writePairs(sql, notes),
  appendEvents: async (events) => writing(sql, async (session) => append(session, events, at())),
});

/** In a transaction that is open already. */
const within = (session: SqlTransaction): Writer => ({
  query: async (text, params) => session.query(text, params),
  transaction: async (work) => work(session, []),
  isWriting: true,
});
