/** Campaigns: agents that write candidates for some problems on some device classes, within a budget. Money is whole millionths of a US dollar. */
import { z } from 'zod';
import { Effort, PRIORITY_LAST } from '../candidate.ts';
import { DeviceClass } from '../device.ts';
import { CampaignId, CandidateId, GenerationId } from '../ids.ts';
import { Diagnosis, IMPLEMENTATIONS_MAX, PROPOSALS_MAX } from './diagnosis.ts';
import { VERDICTS } from '../outcome.ts';
import { PlainText } from '../plain-text.ts';
import { Language, Params } from '../plan/plan.ts';
import { strictFields } from '../../platform/strict-fields.ts';

/** Campaigns submit under this and their id. */
export const CAMPAIGN_SUBMITTER = 'campaign:';
export const campaignSubmitter = (id: CampaignId): string => `${CAMPAIGN_SUBMITTER}${id}`;
/** Whose candidates these are; null where no campaign submits under this. */
export const campaignOf = (submitter: string): CampaignId | null =>
  submitter.startsWith(CAMPAIGN_SUBMITTER)
    ? (CampaignId.safeParse(submitter.slice(CAMPAIGN_SUBMITTER.length)).data ?? null)
    : null;
export const AGENTS_MAX = 10_000;
export const PARENTS_MAX = 4;
export const TURNS_MAX = 6;
export const IDEA_CHARS_MAX = 200;
const NOTE_CHARS_MAX = 4000;
const Instant = z.iso.datetime();
const Micros = z.int().min(0);
const Count = z.int().min(0);

/** A campaign ends at the first limit it reaches. Left out: no limit of that kind; at least one is needed. */
export const Budget = strictFields({
  usd: z.number().positive().max(1_000_000).optional(),
  /** Minutes of device time of the candidates that this campaign was the first to submit, over all devices. */
  gpuMinutes: z.number().positive().max(10_000_000).optional(),
  candidates: z.int().positive().max(100_000_000).optional(),
  /** Wall clock, while the campaign is running. */
  minutes: z.number().positive().max(1_000_000).optional(),
}).refine((budget) => Object.values(budget).some((limit) => limit !== undefined), {
  error: 'give at least one limit: usd, gpuMinutes, candidates or minutes',
});
export type Budget = z.infer<typeof Budget>;

/** A candidate that a campaign begins with. */
export const StartingPoint = z.strictObject({
  problem: z.string().min(1).max(64),
  language: Language,
  source: PlainText.min(1),
  params: Params.default({}),
});
export type StartingPoint = z.infer<typeof StartingPoint>;

export const CampaignSpec = z.strictObject({
  name: PlainText.max(80).default(''),
  problems: z.array(z.string().min(1).max(64)).min(1).max(64),
  devices: z.array(DeviceClass).min(1).max(8).default(['H100']),
  /** At most this many think at once; the feeding controller lets fewer think when the fleet has enough work. */
  agents: z.int().min(1).max(AGENTS_MAX).default(8),
  /** Names of generators (`agents.generators` in kiln.yaml) and their shares of the agents. Empty: the default generator. */
  generators: z
    .array(z.strictObject({ name: z.string().min(1).max(64), share: z.number().positive().max(1000).default(1) }))
    .max(16)
    .default([]),
  budget: Budget,
  /** Candidates in what language; empty: all that the problem's devices run. `python`, programs with host code, only where it is named. */
  languages: z.array(Language).max(4).default([]),
  start: z
    .strictObject({
      /**
       * Which of the problem's files are judged first: all seeds, only the first by name (the plainest), those of `evolve/` (poor, with much to
       * vary; all seeds where the problem has none), or none. `auto`: `evolve` where no generator writes anything itself, otherwise `all`.
       */
      seeds: z.enum(['auto', 'all', 'first', 'evolve', 'none']).default('auto'),
      /** So many of the ranking's best as well. */
      ranked: z.int().min(0).max(100).default(0),
      sources: z.array(StartingPoint).max(64).default([]),
    })
    .prefault({}),
  islands: z.int().min(1).max(64).default(4),
  /** An agent that writes goes on from its own last candidate so often, with verdict and times before it, and then begins anew. 1: it always begins anew. */
  turns: z.int().min(1).max(TURNS_MAX).default(4),
  /** Which generators are asked for which moves: `learned` by what each earned of the budget so far, `fixed` by the generators' shares and set odds of moves. */
  mix: z.enum(['learned', 'fixed']).default('learned'),
  /** Of several problems on a device class: `learned` asks next where improvement was cheapest of the budget so far, `even` in turn. A fixed mix is always in turn. */
  targets: z.enum(['learned', 'even']).default('learned'),
  /** Questions that can wait go out as batches, at half the price, and are answered within 24 hours (see `waits` in `agents/run/asking`). */
  batches: z.boolean().default(false),
  /** Its agents are told what earlier campaigns learned of ideas on the same problem and device model, and what gained on problems of the same kind. */
  recall: z.boolean().default(true),
  /** Everything that is drawn is drawn from it. */
  seed: z
    .int()
    .min(0)
    .max(2 ** 31)
    .default(1),
  priority: z.int().min(1).max(PRIORITY_LAST).default(200),
  /** `full`: its candidates are timed to the end, also those that cannot come near the front of the ranking. Left out: `racing`. */
  effort: Effort.optional(),
});
export type CampaignSpec = z.infer<typeof CampaignSpec>;

/** `paused` by a person goes on when resumed. `finished`: a budget is used up. `stopped`: by a person, for good. */
export const CampaignStatus = z.enum(['running', 'paused', 'finished', 'stopped']);
export type CampaignStatus = z.infer<typeof CampaignStatus>;

export const Campaign = z.strictObject({
  id: CampaignId,
  spec: CampaignSpec,
  status: CampaignStatus,
  /** Why it is not running, in words; null while it is. */
  reason: z.string().nullable(),
  submitter: PlainText.min(1).max(64),
  createdAt: Instant,
  updatedAt: Instant,
  /** Milliseconds it was running before `updatedAt` (the wall-clock budget). */
  ranMs: z.number().min(0),
});
export type Campaign = z.infer<typeof Campaign>;

/** What an answer cost, as the service counted it. All zero for generators without a model. */
export const Usage = z.strictObject({
  inputTokens: Count,
  cacheWriteTokens: Count,
  cacheReadTokens: Count,
  outputTokens: Count,
  /** US dollars times 1e6, rounded up. */
  micros: Micros,
});
export type Usage = z.infer<typeof Usage>;

export const NO_USAGE: Usage = { inputTokens: 0, cacheWriteTokens: 0, cacheReadTokens: 0, outputTokens: 0, micros: 0 };

/** A candidate as a generator writes it. `idea` is a short tag ("vectorised loads"); all text here is data, never instructions. */
export const Draft = z.strictObject({
  language: Language,
  source: PlainText.min(1),
  params: Params.default({}),
  idea: PlainText.max(IDEA_CHARS_MAX).default(''),
  note: PlainText.max(NOTE_CHARS_MAX).default(''),
});
export type Draft = z.infer<typeof Draft>;

/**
 * What a generation set out to do. `seed`: a starting point, written by nobody. `refine`: to improve the best of all. `tune`: other params of one candidate. `diagnose`: nothing is
 * written, ideas are proposed.
 */
export const Move = z.enum(['seed', 'new', 'improve', 'refine', 'cross', 'repair', 'tune', 'diagnose']);
export type Move = z.infer<typeof Move>;
/** What somebody is asked to write. */
export const WritingMove = Move.exclude(['seed', 'refine', 'tune', 'diagnose']);
export type WritingMove = z.infer<typeof WritingMove>;

/** Why no candidate came of an answer. `exhausted`: it varies what is there, and nothing new is left. */
export const GenerationFailure = z.enum([
  'refused',
  'truncated',
  'malformed',
  'unavailable',
  'timed_out',
  'duplicate',
  'rejected',
  'exhausted',
  'stopped',
]);
export type GenerationFailure = z.infer<typeof GenerationFailure>;

/** A service's own name of a batch. */
export const BatchId = z.string().regex(/^[\w-]{1,128}$/u);

/**
 * How far a question is that waits for a batch. `collected`: certainly not sent, so that it costs nothing where the daemon ends now. `sending`: the service
 * may have it, under an id that is not written down: it is looked for among the service's batches since `at` of as many requests. `sent`: it has it.
 */
export const BatchStep = z.discriminatedUnion('step', [
  z.strictObject({ step: z.literal('collected') }),
  z.strictObject({ step: z.literal('sending'), at: Instant, requests: z.int().positive() }),
  z.strictObject({ step: z.literal('sent'), id: BatchId }),
]);
export type BatchStep = z.infer<typeof BatchStep>;

/**
 * Where a generation is. The answer is durable before it is submitted, so that nothing is paid twice: after a crash `answered` is
 * submitted (idempotent by content), and `asked` becomes `lost`, whose reserve counts as spent, since nobody knows what it cost. One in a batch goes on
 * waiting for it.
 */
export const GenerationState = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('asked'), reservedMicros: Micros, batch: BatchStep.optional() }),
  z.strictObject({ status: z.literal('answered'), draft: Draft }),
  /** `isFirst`: nobody had submitted this content before, so its device time is this campaign's. */
  z.strictObject({ status: z.literal('submitted'), candidateId: CandidateId, isFirst: z.boolean() }),
  z.strictObject({
    status: z.literal('judged'),
    candidateId: CandidateId,
    isFirst: z.boolean(),
    verdict: z.enum(VERDICTS),
    /** Speed-up it ranks by; null unless it passed. */
    speedup: z.number().positive().nullable(),
    /** Device time of its attempts, milliseconds; 0 unless `isFirst`. */
    deviceMs: z.number().min(0),
    isRecord: z.boolean(),
    /** The speed-up is an estimate: it could not come near the front of the ranking. */
    stoppedEarly: z.literal(true).optional(),
    /** Ratio to the campaign's best before it, where measurements vouch for it that it is faster. */
    gain: z.number().min(1).optional(),
  }),
  z.strictObject({ status: z.literal('failed'), failure: GenerationFailure, message: z.string().max(2000) }),
  z.strictObject({ status: z.literal('lost'), reservedMicros: Micros }),
  /** For good: what it proposes is written by other generations. */
  z.strictObject({
    status: z.literal('diagnosed'),
    /** Name of the generator that is to write what is proposed. */
    writer: z.string(),
    /** What its proposals are to be: the parents are the generation's. */
    move: WritingMove,
    diagnosis: Diagnosis,
    /** So many candidates of each proposal. */
    implementations: z.int().min(1).max(IMPLEMENTATIONS_MAX),
    /** Proposals that nobody is paid to write, by their index, and why. */
    refused: z.array(z.strictObject({ index: Count, reason: z.string().max(300) })).max(PROPOSALS_MAX),
  }),
]);
export type GenerationState = z.infer<typeof GenerationState>;
export type GenerationStatus = GenerationState['status'];

export const ProposalRef = z.strictObject({ of: z.int().positive(), index: Count });
export type ProposalRef = z.infer<typeof ProposalRef>;

export const Generation = z.strictObject({
  id: GenerationId,
  campaignId: CampaignId,
  number: z.int().positive(),
  /** Index of the agent, from 0. */
  agent: Count,
  generator: z.string(),
  problem: z.string(),
  device: DeviceClass,
  move: Move,
  island: Count,
  parents: z.array(CandidateId).max(PARENTS_MAX),
  idea: z.string().max(IDEA_CHARS_MAX),
  /** Whose proposal it carries out: a diagnosis by its generation's number, and the proposal's index. */
  proposal: ProposalRef.optional(),
  usage: Usage,
  state: GenerationState,
  askedAt: Instant,
  updatedAt: Instant,
});
export type Generation = z.infer<typeof Generation>;

/** What the store is told of a generation that moved on. */
export interface GenerationUpdate {
  readonly id: GenerationId;
  readonly state: GenerationState;
  readonly idea?: string;
  readonly usage?: Usage;
}
