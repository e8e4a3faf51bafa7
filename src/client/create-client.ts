/** The typed client: the CLI, scripts and agents speak to a daemon through it. Every method throws KilnError. */
import type { BookHost, HostBookings, UnbookHost } from '../domain/hosts/booking.ts';
import type { HoldHost, HostHolds, ReleaseHost } from '../domain/hosts/hold.ts';
import type { CheckProblem, ProblemTried } from '../domain/api/problem-check.ts';
import type { z } from 'zod';
import type {
  CampaignList,
  CampaignView,
  CreateCampaign,
  GenerationList,
  GenerationsQuery,
  GeneratorList,
  ReportQuery,
} from '../domain/api/campaigns.ts';
import type {
  CancelAnswer,
  CandidateList,
  ListQuery,
  OriginView,
  PlanView,
  SubmitAnswer,
  SubmitCandidate,
} from '../domain/api/candidates.ts';
import type { Readiness } from '../domain/api/operations.ts';
import type { ActivityList, ActivityQuery } from '../domain/api/activity.ts';
import type { FleetView, HostResumed, HostsRefreshed } from '../domain/api/fleet.ts';
import type {
  ProblemList,
  ProblemsReloaded,
  ProblemVersionList,
  ProblemView,
  ProgressView,
  RankingView,
} from '../domain/api/problems.ts';
import type { Language } from '../domain/plan/plan.ts';
import type { QueueView } from '../domain/api/queue.ts';
import type { Collected, CollectGarbage } from '../domain/api/retention.ts';
import type { AddHost, FleetPlan, HostAdded, HostRemoved } from '../domain/api/fleet-control.ts';
import type { Rejudge, Reprioritise, Steer, Steered } from '../domain/api/steering.ts';
import type { Why } from '../domain/api/why.ts';
import type { SetSubmitter, SubmitterList, SubmitterView } from '../domain/api/submitters.ts';
import type { Token } from '../domain/access/token.ts';
import type { Access, AuditList, AuditQuery, CreateToken, TokenCreated, TokenList } from '../domain/api/tokens.ts';
import type { CreateShare, ShareCreated, ShareList } from '../domain/api/shares.ts';
import { KilnError } from '../domain/errors.ts';
import type { LibraryView } from '../domain/library.ts';
import type { Profile } from '../domain/profile.ts';
import type { Candidate } from '../domain/candidate.ts';
import type { JournalEvent } from '../domain/journal.ts';
import type { Share } from '../domain/share.ts';
import type { EventLimits } from './event-iterator.ts';
import { createHostsClient, type HostsClient } from './hosts-client.ts';
import { createSweepCalls, type SweepCalls } from './sweep-calls.ts';
import * as contracts from './contracts.ts';
import { accepted, type Connection, createJson, createText, held, never, parseAnswer, send, textOf, wholeOf } from './http.ts';

export interface ClientOptions {
  /** "http://127.0.0.1:7070" */
  readonly url: string;
  readonly token?: string | null | undefined;
  readonly events?: Partial<EventLimits>;
  /** Who works on hosts, for the journal. */
  readonly user?: string | null | undefined;
  /** A daemon that does not answer for so long is unreachable (DAEMON_UNREACHABLE); a minute by default. What waits for a verdict has its wait on top. */
  readonly answerLimitMs?: number | undefined;
}

export interface EventOptions {
  /** Sequence number: events after it come first. Left out: from now on; a candidate's from its beginning. */
  readonly after?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type RankingFilters = Readonly<
  Partial<Record<'device' | 'submitter' | 'language' | 'sweep' | 'version', string | undefined>>
> & {
  readonly limit?: number | undefined;
};

export interface KilnClient extends SweepCalls {
  readonly url: string;
  /** At most 1,000 candidates and 32 MiB at once. Answers come in order. */
  submit(candidates: readonly SubmitCandidate[]): Promise<SubmitAnswer>;
  candidates(query?: Partial<ListQuery>): Promise<CandidateList>;
  /** With `waitSeconds` (at most 60) the answer comes when the candidate is done, or then. */
  candidate(id: string, options?: { readonly waitSeconds?: number }): Promise<Candidate>;
  source(id: string): Promise<{ readonly source: string; readonly language: string }>;
  cancel(id: string): Promise<CancelAnswer>;
  /** What its plan comes to in each case. */
  plan(id: string): Promise<PlanView>;
  /** Where it comes from. */
  origin(id: string): Promise<OriginView>;
  /** What it waits for, and how long. */
  why(id: string): Promise<Why>;
  /** Many at once, also those that run; with `dryRun` they are only counted and named. */
  cancelMany(request: Steer): Promise<Steered>;
  pause(request: Steer): Promise<Steered>;
  resume(request: Steer): Promise<Steered>;
  reprioritise(request: Reprioritise): Promise<Steered>;
  /** Takes verdicts back and has the candidates judged again. */
  rejudge(request: Rejudge): Promise<Steered>;
  /** With `waitSeconds` (at most 60) the answer comes when it is done or has failed, or then. NOT_FOUND where none was asked for. */
  profile(id: string, options?: { readonly waitSeconds?: number }): Promise<Profile>;
  /** Again, where it has one. */
  askProfile(id: string): Promise<Profile>;
  /** The profiler's own report. NOT_FOUND where there is none. */
  profileReport(id: string): Promise<Uint8Array>;
  /** Survives broken connections; ends by `signal`. */
  events(options?: EventOptions): AsyncGenerator<JournalEvent>;
  /** Ends after the candidate is done. */
  candidateEvents(id: string, options?: EventOptions): AsyncGenerator<JournalEvent>;
  queue(): Promise<QueueView>;
  fleet(): Promise<FleetView>;
  /** Attempts that finished since a moment, with where the devices' time went; oldest first. */
  activity(query: Pick<ActivityQuery, 'since'> & Partial<ActivityQuery>): Promise<ActivityList>;
  /** What the fleet file, as it is now, would change. */
  fleetPlan(): Promise<FleetPlan>;
  reloadFleet(): Promise<FleetPlan>;
  /** By ssh, as an entry of the fleet file. */
  addHost(request: AddHost): Promise<HostAdded>;
  removeHost(host: string): Promise<HostRemoved>;
  /** Takes its quarantined devices back to work. */
  resumeHost(host: string): Promise<HostResumed>;
  /** A host, or one device of it, takes one submitter's candidates alone, for a time. */
  bookHost(host: string, wish: z.input<typeof BookHost>): Promise<HostBookings>;
  unbookHost(host: string, wish: z.input<typeof UnbookHost>): Promise<HostBookings>;
  /** It, or one device, takes no new work until it is released. */
  holdHost(host: string, wish: z.input<typeof HoldHost>): Promise<HostHolds>;
  releaseHost(host: string, wish: z.input<typeof ReleaseHost>): Promise<HostHolds>;
  /** It, or every host, takes its inventory again; waits for what that finds. */
  refreshHosts(host?: string): Promise<HostsRefreshed>;
  problems(): Promise<ProblemList>;
  /** Removes old candidates that nothing needs any more, or counts them (`dryRun`). */
  collectGarbage(wish?: z.input<typeof CollectGarbage>): Promise<Collected>;
  /** Has the daemon read the folders of problems again. */
  reloadProblems(): Promise<ProblemsReloaded>;
  problemVersions(name: string): Promise<ProblemVersionList>;
  problem(name: string): Promise<ProblemView>;
  /** What its library program takes on each device model. */
  library(problem: string): Promise<LibraryView>;
  /** Wrong versions of its reference, tried on a device of the fleet; waits for all of them. */
  checkProblem(name: string, where?: CheckProblem): Promise<ProblemTried>;
  /** With filters: these alone, ranked among themselves. */
  ranking(problem: string, query?: RankingFilters): Promise<RankingView>;
  /** How its best came about, one list per device model. */
  progress(name: string): Promise<ProgressView>;
  /** What a candidate must look like, Markdown; in all languages where none is named. */
  contract(language?: Language): Promise<string>;
  createCampaign(campaign: CreateCampaign): Promise<CampaignView>;
  campaigns(): Promise<CampaignList>;
  campaign(id: string): Promise<CampaignView>;
  pauseCampaign(id: string): Promise<CampaignView>;
  resumeCampaign(id: string): Promise<CampaignView>;
  stopCampaign(id: string): Promise<CampaignView>;
  generations(id: string, query?: Partial<GenerationsQuery>): Promise<GenerationList>;
  /** Markdown, or one SVG. */
  campaignReport(id: string, query?: Partial<ReportQuery>): Promise<string>;
  /** A link that opens one page of the dashboard, to read. The answer's `path` goes behind the daemon's address, and is told this once. */
  createShare(share: CreateShare): Promise<ShareCreated>;
  shares(): Promise<ShareList>;
  revokeShare(id: string): Promise<Share>;
  /** Who calls, and with what role. */
  access(): Promise<Access>;
  /** The answer's `token` is told this once. */
  createToken(token: CreateToken): Promise<TokenCreated>;
  tokens(): Promise<TokenList>;
  /** By name or id. */
  revokeToken(token: string): Promise<Token>;
  submitters(): Promise<SubmitterList>;
  /** What is given is set, the rest stays. */
  setSubmitter(submitter: string, change: SetSubmitter): Promise<SubmitterView>;
  clearSubmitter(submitter: string): Promise<SubmitterView>;
  /** Newest first; `before`: the `next` of the answer before. */
  audit(query?: Partial<AuditQuery>): Promise<AuditList>;
  generators(): Promise<GeneratorList>;
  /** Commands, jobs and files of hosts. */
  readonly hosts: HostsClient;
  ready(): Promise<Readiness>;
  /** Prometheus text. */
  metrics(): Promise<string>;
}

/** A dozen wrong versions, each compiled and judged behind what waits at its device. */
const CHECK_WAIT_MS = 900_000;
const GC_WAIT_MS = 3_600_000;

export const createClient = (options: ClientOptions): KilnClient => {
  const connection = connectionOf(options);
  const follow = createFollowing(connection, options.events);
  const json = createJson(connection);
  const text = createText(connection);
  return {
    url: connection.url,
    submit: (candidates) => json(contracts.candidates, 'submit', { body: { candidates } }),
    candidates: (query = {}) => json(contracts.candidates, 'list', { query }),
    candidate: (id, { waitSeconds = 0 } = {}) => json(contracts.candidates, 'get', { params: { id }, ...held(waitSeconds) }),
    source: (id) => sourceOf(connection, id),
    profile: (id, { waitSeconds = 0 } = {}) => json(contracts.profiles, 'get', { params: { id }, ...held(waitSeconds) }),
    askProfile: (id) => json(contracts.profiles, 'ask', { params: { id } }),
    profileReport: async (id) =>
      wholeOf(await accepted(await send(connection, (await contracts.profiles()).report, { params: { id } }))),
    cancel: (id) => json(contracts.candidates, 'cancel', { params: { id } }),
    plan: (id) => json(contracts.candidates, 'plan', { params: { id } }),
    origin: (id) => json(contracts.candidates, 'origin', { params: { id } }),
    why: (id) => json(contracts.steering, 'why', { params: { id } }),
    cancelMany: (body) => json(contracts.steering, 'cancel', { body }),
    pause: (body) => json(contracts.steering, 'pause', { body }),
    resume: (body) => json(contracts.steering, 'resume', { body }),
    reprioritise: (body) => json(contracts.steering, 'reprioritise', { body }),
    rejudge: (body) => json(contracts.steering, 'rejudge', { body }),
    events: (how) => follow('all', {}, how),
    candidateEvents: (id, how) => follow('candidate', { id }, how),
    queue: () => json(contracts.queue, 'get'),
    fleet: () => json(contracts.fleet, 'get'),
    activity: (query) => json(contracts.fleet, 'activity', { query }),
    fleetPlan: () => json(contracts.fleetControl, 'plan'),
    reloadFleet: () => json(contracts.fleetControl, 'reload'),
    addHost: (body) => json(contracts.fleetControl, 'add', { body }),
    removeHost: (host) => json(contracts.fleetControl, 'remove', { params: { host } }),
    bookHost: (host, body) => json(contracts.hosts, 'book', { params: { host }, body }),
    unbookHost: (host, body) => json(contracts.hosts, 'unbook', { params: { host }, body }),
    holdHost: (host, body) => json(contracts.hosts, 'hold', { params: { host }, body }),
    releaseHost: (host, body) => json(contracts.hosts, 'release', { params: { host }, body }),
    resumeHost: (host) => json(contracts.fleet, 'resume', { params: { host } }),
    refreshHosts: (host) =>
      host === undefined ? json(contracts.fleet, 'refreshAll') : json(contracts.fleet, 'refresh', { params: { host } }),
    problems: () => json(contracts.problems, 'list'),
    collectGarbage: (wish = {}) => json(contracts.operations, 'collectGarbage', { body: wish, waitMs: GC_WAIT_MS }),
    reloadProblems: () => json(contracts.problems, 'reload'),
    problemVersions: (name) => json(contracts.problems, 'versions', { params: { name } }),
    checkProblem: (name, where = {}) =>
      json(contracts.problems, 'check', { params: { name }, body: where, waitMs: CHECK_WAIT_MS }),
    problem: (name) => json(contracts.problems, 'get', { params: { name } }),
    library: (name) => json(contracts.problems, 'library', { params: { name } }),
    ranking: (name, query = {}) => json(contracts.problems, 'ranking', { params: { name }, query }),
    progress: (name) => json(contracts.problems, 'progress', { params: { name } }),
    contract: (language) => text(contracts.plan, 'get', { query: { language } }),
    ...createSweepCalls(json, text),
    createCampaign: (campaign) => json(contracts.campaigns, 'create', { body: campaign }),
    campaigns: () => json(contracts.campaigns, 'list'),
    campaign: (id) => json(contracts.campaigns, 'get', { params: { id } }),
    pauseCampaign: (id) => json(contracts.campaigns, 'pause', { params: { id } }),
    resumeCampaign: (id) => json(contracts.campaigns, 'resume', { params: { id } }),
    stopCampaign: (id) => json(contracts.campaigns, 'stop', { params: { id } }),
    generations: (id, query = {}) => json(contracts.campaigns, 'generations', { params: { id }, query }),
    campaignReport: (id, query = {}) => text(contracts.campaigns, 'report', { params: { id }, query }),
    createShare: (share) => json(contracts.shares, 'create', { body: share }),
    shares: () => json(contracts.shares, 'list'),
    access: () => json(contracts.access, 'own'),
    createToken: (body) => json(contracts.access, 'create', { body }),
    tokens: () => json(contracts.access, 'list'),
    revokeToken: (token) => json(contracts.access, 'revoke', { params: { token } }),
    submitters: () => json(contracts.submitters, 'list'),
    setSubmitter: (submitter, body) => json(contracts.submitters, 'set', { params: { submitter }, body }),
    clearSubmitter: (submitter) => json(contracts.submitters, 'clear', { params: { submitter } }),
    audit: (query = {}) => json(contracts.access, 'audit', { query }),
    revokeShare: (share) => json(contracts.shares, 'revoke', { params: { share } }),
    generators: () => json(contracts.generators, 'list'),
    hosts: createHostsClient(connection),
    ready: () => readinessOf(connection),
    metrics: () => text(contracts.operations, 'metrics', {}),
  };
};

const connectionOf = ({ url, token = null, user = null, answerLimitMs }: ClientOptions): Connection => {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new KilnError('INVALID_REQUEST', `"${url}" is no URL of a daemon: give one such as http://127.0.0.1:7070`);
  }
  return { url: url.replace(/\/+$/, ''), token, user, answerLimitMs };
};

/** Events of an endpoint. What reads them is loaded when there are some to read. */
const createFollowing = (connection: Connection, changed: Partial<EventLimits> = {}) =>
  async function* follow(
    name: 'all' | 'candidate',
    params: Readonly<Record<string, string>>,
    { after, signal = never() }: EventOptions = {},
  ): AsyncGenerator<JournalEvent> {
    const [{ EVENT_LIMITS, followEvents }, endpoints] = await Promise.all([import('./event-iterator.ts'), contracts.events()]);
    yield* followEvents({
      connection,
      endpoint: endpoints[name],
      params,
      after,
      signal,
      limits: { ...EVENT_LIMITS, ...changed },
    });
  };

const sourceOf = async (connection: Connection, id: string): Promise<{ readonly source: string; readonly language: string }> => {
  const answer = await accepted(await send(connection, (await contracts.candidates()).source, { params: { id } }));
  return { source: await textOf(answer), language: String(answer.headers['x-kiln-language'] ?? 'unknown') };
};

/** Not being ready is an answer here, not an error. */
const readinessOf = async (connection: Connection): Promise<Readiness> => {
  const { ready } = await contracts.operations();
  const answer = await send(connection, ready, {});
  const { 200: schema, 503: notReady } = ready.schema.response;
  if (answer.status !== 503) return parseAnswer(schema, await textOf(await accepted(answer)));
  const body = parseAnswer(notReady, await textOf(answer));
  return 'ready' in body ? body : { ready: false, reason: body.message };
};
