/** What agents need of the rest of Kiln. The store and the engine's service satisfy these structurally; the daemon checks it. */
import type { z } from 'zod';
import type { SubmitAnswer, SubmitCandidate } from '../domain/api/candidates.ts';
import type { FleetView, ProblemView, QueueView, RankingView } from '../domain/api/inspection.ts';
import type { CampaignRecord, CampaignStatus, Generation, GenerationUpdate } from '../domain/campaign/campaign.ts';
import type { CampaignId, CandidateId } from '../domain/ids.ts';
import type { ProfileRecord } from '../domain/profile.ts';
import type { CandidateRecord, JournalEvent, NewJournalEvent } from '../domain/records.ts';

export interface CampaignStore {
  /** With its `campaign.created` event, in one transaction. */
  createCampaign(campaign: CampaignRecord): Promise<void>;
  /** With a `campaign.changed` event where the status changes. */
  updateCampaign(
    id: CampaignId,
    change: { readonly status: CampaignStatus; readonly reason: string | null; readonly ranMs: number },
  ): Promise<void>;
  /** Newest first. */
  campaigns(): Promise<readonly CampaignRecord[]>;
  /** Those with generations that are asked, answered or submitted: what a daemon that starts must settle. */
  unsettledCampaigns(): Promise<readonly CampaignId[]>;
  /** Idempotent by id. */
  addGenerations(batch: readonly Generation[]): Promise<void>;
  /** Applies in order; one transaction. What is judged, failed or lost stays as it is. */
  updateGenerations(batch: readonly GenerationUpdate[]): Promise<void>;
  /** By number, from after `after`. */
  generations(id: CampaignId, page: { readonly after: number; readonly limit: number }): Promise<readonly Generation[]>;
  appendEvents(events: readonly NewJournalEvent[]): Promise<void>;
}

/** The engine, as agents use it: like any other client, with the same checks. */
export interface Judging {
  submit(batch: readonly z.output<typeof SubmitCandidate>[]): Promise<SubmitAnswer>;
  candidate(id: CandidateId): Promise<CandidateRecord>;
  source(id: CandidateId): Promise<{ readonly source: string; readonly language: string }>;
  /** Those of `ids` that are there, in any order: many at once, after a restart. */
  sourced(ids: readonly CandidateId[]): Promise<readonly { readonly record: CandidateRecord; readonly source: string }[]>;
  problem(name: string): ProblemView;
  /** `mayBeUnknown`: a device class that nobody has seen has an empty ranking; otherwise it is refused. */
  ranking(
    problem: string,
    query: { readonly device?: string | undefined; readonly limit: number; readonly mayBeUnknown?: boolean },
  ): Promise<RankingView>;
  queue(): Promise<QueueView>;
  fleet(): Promise<FleetView>;
  /** Null where none was asked for. */
  profile(id: CandidateId): Promise<ProfileRecord | null>;
  /** Resolves when it is durable that it was asked for; `profile.done` is in the journal when it is there. */
  askProfile(id: CandidateId): Promise<ProfileRecord | null>;
  events(query: {
    readonly after: number;
    readonly limit: number;
    readonly candidateId?: CandidateId;
  }): Promise<readonly JournalEvent[]>;
  lastSequence(): Promise<number>;
  /** Called after every journal write. Returns the unsubscriber. */
  onEvents(listener: () => void): () => void;
}
