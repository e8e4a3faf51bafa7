/**
 * Profiles that were asked for and are not done. Their rows in the store wait; this says for what.
 *
 * Stages: `verdict` (only what passed is profiled) -> `place` (for a device) -> `running`. A host that is lost, or fails for a reason that
 * is not the candidate's, puts its profiles back to `place`. Exit: the end of the profile is given to the write-behind.
 * Invariant: at most one profile runs on a device.
 */
import type { CandidateId, ContentHash, DeviceId, HostId } from '../../domain/ids.ts';
import type { WorstCase } from './worst-case.ts';

/** So many may wait; the rows of more are refused when they are asked for. */
export const PROFILES_WAITING_MAX = 10_000;
export const PROFILE_TRIES_MAX = 3;

/** Where a candidate was judged, or a profile can run. */
export interface Place {
  readonly hostId: HostId;
  readonly deviceId: DeviceId;
  readonly model: string;
}

export type ProfileStage =
  | { readonly name: 'verdict' }
  | { readonly name: 'place'; readonly judgedAt: Place; readonly deviceClass: string; readonly submitter: string }
  | { readonly name: 'running'; readonly place: Place; readonly before: Extract<ProfileStage, { name: 'place' }> };

export interface PendingProfile {
  readonly id: CandidateId;
  stage: ProfileStage;
  /** Failures that were not the candidate's. */
  failures: number;
  /** Where it failed so, to try elsewhere first. */
  failedAt: HostId | null;
  /** Compiled on the host where it runs. */
  artifact: ContentHash | null;
  /** What was asked for there. */
  worst: WorstCase | null;
}

export type PendingProfiles = Map<CandidateId, PendingProfile>;

export const newPending = (id: CandidateId): PendingProfile => ({
  id,
  stage: { name: 'verdict' },
  failures: 0,
  failedAt: null,
  artifact: null,
  worst: null,
});
