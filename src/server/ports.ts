/** What the server needs from the engine. Every method throws KilnError for what the caller did wrong. */
import type { CancelAnswer, CandidateList, ListQuery, SubmitAnswer, SubmitCandidate } from '../domain/api/candidates.ts';
import type {
  FleetView,
  HostResumed,
  HostsRefreshed,
  ProblemList,
  ProblemView,
  QueueView,
  RankingView,
} from '../domain/api/inspection.ts';
import type {
  CampaignList,
  CampaignView,
  CreateCampaign,
  GenerationList,
  GenerationsQuery,
  GeneratorList,
  ReportQuery,
} from '../domain/api/campaigns.ts';
import type { CreateSweep, SweepCreated, SweepView } from '../domain/api/sweeps.ts';
import type { CampaignGauges } from '../domain/campaign/campaign-gauges.ts';
import type { CampaignId, CandidateId, HostId, SweepId } from '../domain/ids.ts';
import type { ProfileRecord } from '../domain/profile.ts';
import type { CandidateRecord, JournalEvent } from '../domain/records.ts';
import type { z } from 'zod';

export interface Kiln {
  submit(batch: readonly z.output<typeof SubmitCandidate>[]): Promise<SubmitAnswer>;
  cancel(id: CandidateId): Promise<CancelAnswer>;
  candidate(id: CandidateId): Promise<CandidateRecord>;
  candidates(query: ListQuery): Promise<CandidateList>;
  /** At most `limit` ids of the kind that the first letter tells (c, s, k), in order. */
  idsWithPrefix(prefix: string, limit: number): Promise<readonly string[]>;
  source(id: CandidateId): Promise<{ readonly source: string; readonly language: string }>;
  /** Null where none was asked for. */
  profile(id: CandidateId): Promise<ProfileRecord | null>;
  /** Also where there is one: it is profiled again. */
  askProfile(id: CandidateId): Promise<ProfileRecord | null>;
  /** The profiler's own report; null where there is none. */
  profileReport(id: CandidateId): Promise<Uint8Array | null>;
  /** Journal after `after`; `wait` on `onEvents` for more. */
  events(query: {
    readonly after: number;
    readonly limit: number;
    readonly candidateId?: CandidateId;
  }): Promise<readonly JournalEvent[]>;
  /** Sequence number of the newest event. */
  lastSequence(): Promise<number>;
  /** Called after every journal write, in order. Returns the unsubscriber. */
  onEvents(listener: () => void): () => void;
  queue(): Promise<QueueView>;
  fleet(): Promise<FleetView>;
  /** Throws NOT_FOUND for a host that is not of the fleet. */
  resumeHost(host: HostId): Promise<HostResumed>;
  /** Of all hosts where it is null. Throws NOT_FOUND for a host that is not of the fleet. */
  refreshHosts(host: HostId | null): Promise<HostsRefreshed>;
  problems(): ProblemList;
  problem(name: string): ProblemView;
  ranking(problem: string, query: { readonly device?: string | undefined; readonly limit: number }): Promise<RankingView>;
  createSweep(sweep: z.output<typeof CreateSweep>): Promise<SweepCreated>;
  sweep(id: SweepId): Promise<SweepView>;
  /** Null when ready, otherwise why not: told to everybody, so nothing secret. */
  notReady(): Promise<string | null>;
  /** Prometheus text. */
  metrics(): Promise<string>;
}

/** What the server needs from the agents. Every method throws KilnError for what the caller did wrong. */
export interface Campaigns {
  create(spec: z.output<typeof CreateCampaign>): Promise<CampaignView>;
  list(): Promise<CampaignList>;
  view(id: CampaignId): Promise<CampaignView>;
  /** Idempotent. Throws CAMPAIGN_ENDED for one that is stopped or finished. */
  pause(id: CampaignId): Promise<CampaignView>;
  resume(id: CampaignId): Promise<CampaignView>;
  /** Idempotent. Candidates that are submitted are still judged. */
  stop(id: CampaignId): Promise<CampaignView>;
  generations(id: CampaignId, query: GenerationsQuery): Promise<GenerationList>;
  report(id: CampaignId, query: ReportQuery): Promise<{ readonly contentType: string; readonly text: string }>;
  generators(): GeneratorList;
  /** For /metrics: campaigns that are open and the device classes they feed. */
  gauges(): CampaignGauges;
}
