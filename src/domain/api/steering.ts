/** What people do to candidates that are there: many at once, by what they have in common. */
import { z } from 'zod';
import { CANDIDATE_STATUSES, PRIORITY_LAST } from '../candidate.ts';
import { CampaignId, CandidateId, SweepId } from '../ids.ts';
import { VERDICTS } from '../outcome.ts';
import { PlainText } from '../plain-text.ts';

export const SELECTED_IDS_MAX = 1000;
/** Candidates that an answer names; the others are counted. */
export const STEERED_SHOWN = 100;
const Count = z.int().min(0);

/** Candidates that meet all of what is given. */
export const Selection = z.strictObject({
  ids: z.array(CandidateId).min(1).max(SELECTED_IDS_MAX).optional(),
  sweep: SweepId.optional(),
  campaign: CampaignId.optional(),
  submitter: PlainText.min(1).max(64).optional(),
  problem: PlainText.min(1).max(64).optional(),
  /** A device class. */
  device: PlainText.min(1).max(40).optional(),
  status: z.enum(CANDIDATE_STATUSES).optional(),
  verdict: z.enum(VERDICTS).optional(),
  /** Each one there is. Left out, something else must be given. */
  all: z.literal(true).optional(),
});
export type Selection = z.infer<typeof Selection>;

const fields = {
  select: Selection.refine((selection) => Object.keys(selection).length > 0, {
    error: 'say which: ids, sweep, campaign, submitter, problem, device, status or verdict; all: true means every one',
  }),
  /** Only counts and names what would be changed. */
  dryRun: z.boolean().default(false),
  /** For those who ask later: kept in the journal. */
  reason: PlainText.min(1).max(500).optional(),
};

export const Steer = z.strictObject(fields);
export type Steer = z.input<typeof Steer>;
export const Reprioritise = z.strictObject({ ...fields, priority: z.int().min(1).max(PRIORITY_LAST) });
export type Reprioritise = z.input<typeof Reprioritise>;
/** A verdict is final unless somebody says why it should not be. */
export const Rejudge = z.strictObject({ ...fields, reason: PlainText.min(1).max(500) });
export type Rejudge = z.input<typeof Rejudge>;

export const STEERING = ['cancel', 'pause', 'resume', 'reprioritise', 'rejudge'] as const;
export type Steering = (typeof STEERING)[number];

/** Any of them, as it is carried out. */
export interface SteeringRequest {
  readonly select: Selection;
  readonly dryRun: boolean;
  readonly reason?: string | undefined;
  /** Of `reprioritise`. */
  readonly priority?: number | undefined;
}

export const Steered = z.strictObject({
  action: z.enum(STEERING),
  dryRun: z.boolean(),
  /** Candidates that meet what was given. */
  matched: Count,
  /** Those of them that it was done to, or would be. */
  changed: Count,
  /** The others, by why they stay as they are. */
  unchanged: z.array(z.strictObject({ reason: z.string(), count: Count })),
  /** The first of those that were changed, at most 100: as they were. */
  candidates: z.array(
    z.strictObject({
      id: CandidateId,
      problem: z.string(),
      device: z.string(),
      submitter: z.string(),
      priority: z.int(),
      status: z.enum(CANDIDATE_STATUSES),
      verdict: z.enum(VERDICTS).nullable(),
    }),
  ),
});
export type Steered = z.infer<typeof Steered>;
