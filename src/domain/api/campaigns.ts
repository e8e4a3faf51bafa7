import { z } from 'zod';
import { BatchId, Campaign, CampaignSpec, Generation, Move, Usage } from '../campaign/campaign.ts';
import { Bottleneck } from '../campaign/diagnosis.ts';
import { CampaignId, CandidateId } from '../ids.ts';
import { Language } from '../plan/plan.ts';
import { RowNumber } from './row-number.ts';

const Count = z.int().min(0);

/** POST /v1/campaigns. */
export const CreateCampaign = CampaignSpec.extend({ submitter: Campaign.shape.submitter.default('anonymous') });
export type CreateCampaign = z.input<typeof CreateCampaign>;

/** Of one problem on one device class. */
export const CampaignBest = z.strictObject({
  problem: z.string(),
  device: z.string(),
  /** Null until something passed. */
  best: z
    .strictObject({
      candidateId: CandidateId,
      speedup: z.number().positive(),
      /** An estimate, where nothing of the campaign was timed to the end. */
      stoppedEarly: z.literal(true).optional(),
      language: Language,
      generator: z.string(),
      idea: z.string(),
      /** Generations from a starting point to it, itself included. */
      lineage: z.array(CandidateId),
    })
    .nullable(),
  /** Speed-up of the best starting point; null until one passed. */
  startSpeedup: z.number().positive().nullable(),
});
export type CampaignBest = z.infer<typeof CampaignBest>;

/** What one generator earned with one kind of move. */
export const MoveEarned = z.strictObject({
  generator: z.string(),
  /** Candidates of a diagnosis's proposals count as `diagnose`. */
  move: Move,
  asked: Count,
  judged: Count,
  /** Improvements of the campaign's best that measurements vouch for: beyond its interval, or the record in pairs. */
  accepted: Count,
  usd: z.number().min(0),
  gpuMinutes: z.number().min(0),
  /** All of them together, as a ratio. */
  gain: z.number().min(1),
});
export type MoveEarned = z.infer<typeof MoveEarned>;

/** What was earned on one problem and device class, by all generators and moves. */
export const TargetEarned = MoveEarned.omit({ generator: true, move: true }).extend({ problem: z.string(), device: z.string() });
export type TargetEarned = z.infer<typeof TargetEarned>;

export const CampaignView = Campaign.extend({
  /** What it does now and what holds it back ("the queue holds 4.8 s of work for H100, the target is 5 s"). */
  activity: z.string(),
  thinking: Count,
  waitingForVerdict: Count,
  spent: z.strictObject({
    usd: z.number().min(0),
    /** Worst case of the requests on their way. */
    reservedUsd: z.number().min(0),
    gpuMinutes: z.number().min(0),
    candidates: Count,
    minutes: z.number().min(0),
  }),
  /** Questions that wait in batches, whose agents do not think; left out where there are none. */
  batches: z
    .array(
      z.strictObject({
        generator: z.string(),
        /** The service's; null until it is known. */
        id: BatchId.nullable(),
        questions: z.int().positive(),
        /** In words: "collected", "being answered", or what is waited out. */
        state: z.string(),
      }),
    )
    .optional(),
  usage: Usage.omit({ micros: true }),
  generations: z.strictObject({
    asked: Count,
    answered: Count,
    submitted: Count,
    judged: Count,
    failed: Count,
    lost: Count,
    diagnosed: Count.optional(),
  }),
  /** What it was told when it began: ideas, and how many earlier campaigns they come from. Left out where it was told nothing. */
  recalled: z.strictObject({ campaigns: Count, ideas: Count, elsewhere: Count }).optional(),
  /** By generator and move, what cost most first; left out while nobody was asked. */
  earned: z.array(MoveEarned).optional(),
  /** By problem and device class, what cost most first; left out where there is one, and while nobody was asked. */
  earnedOn: z.array(TargetEarned).optional(),
  /** Ideas of diagnoses; left out where nobody makes any. */
  proposals: z
    .strictObject({
      proposed: Count,
      /** Known or proposed before: nobody was paid to write them. */
      refused: Count,
      /** Candidates of the others. */
      written: Count,
      /** Not written yet; 0 once the campaign is over. */
      open: Count,
      /** The newest of each problem and device class. */
      diagnoses: z.array(
        z.strictObject({
          problem: z.string(),
          device: z.string(),
          number: z.int().positive(),
          bottleneck: Bottleneck,
          finding: z.string(),
        }),
      ),
    })
    .optional(),
  /** Judged candidates by verdict. */
  byVerdict: z.record(z.string(), Count),
  /** Answers that gave no candidate, by failure. */
  byFailure: z.record(z.string(), Count),
  best: z.array(CampaignBest),
});
export type CampaignView = z.infer<typeof CampaignView>;

export const CampaignList = z.strictObject({ campaigns: z.array(CampaignView) });
export type CampaignList = z.infer<typeof CampaignList>;

export const GenerationsQuery = z.strictObject({
  /** Generations with a higher number. */
  after: RowNumber.min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export type GenerationsQuery = z.output<typeof GenerationsQuery>;
export const GenerationList = z.strictObject({ generations: z.array(Generation) });
export type GenerationList = z.infer<typeof GenerationList>;

export const ReportQuery = z.strictObject({
  format: z.enum(['markdown', 'svg']).default('markdown'),
  /** For `svg`: one problem's plot; left out: all. */
  problem: z.string().max(64).optional(),
});
export type ReportQuery = z.output<typeof ReportQuery>;

/** Name of the file, beside a report, that holds a problem's plot. */
export const plotFileOf = (problem: string): string => `${problem.replaceAll(/[^\w-]/g, '_')}.svg`;

export const CampaignParams = z.strictObject({ id: CampaignId });

/** GET /v1/generators: what campaigns can use here. */
export const GeneratorList = z.strictObject({
  generators: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.string(),
      isDefault: z.boolean(),
      /** Why it cannot be used ("ANTHROPIC_API_KEY is not set"), or null. */
      unavailable: z.string().nullable(),
    }),
  ),
});
export type GeneratorList = z.infer<typeof GeneratorList>;
