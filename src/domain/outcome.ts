import { z } from 'zod';
import { CaseTiming, Stopped } from './measurement.ts';

const LOG_CHARS_MAX = 64 * 1024;
const Message = z.string().max(LOG_CHARS_MAX);
/** Of the neighbours of a wrong element. */
const NEAR_MAX = 16;

/** First element that misses its tolerance (the worst, where only the whole misses), and how bad the whole output is. */
export const Mismatch = z.strictObject({
  tensor: z.string(),
  /** Flat index, row-major. */
  index: z.int().min(0),
  /** Numbers as text, since NaN and infinities are common here. */
  expected: z.string(),
  actual: z.string(),
  mismatches: z.int().min(0),
  elements: z.int().positive(),
  /** ||out - ref|| / ||ref||. */
  relativeL2: z.string(),
  /** Which rule of the tolerance was missed, what it came to and what was allowed. */
  rule: z.enum(['element', 'norm', 'index', 'check', 'finite', 'repeat']).optional(),
  error: z.string().optional(),
  limit: z.string().optional(),
  /** The element that is furthest off. */
  largest: z.strictObject({ index: z.int().min(0), expected: z.string(), actual: z.string(), error: z.string() }).optional(),
  /** Elements around `index`, in flat order. */
  near: z
    .array(z.strictObject({ index: z.int().min(0), expected: z.string(), actual: z.string() }))
    .max(NEAR_MAX)
    .optional(),
});
export type Mismatch = z.infer<typeof Mismatch>;

/** What a candidate came to. A latency exists only inside `passed`. Everything here is data about the candidate, never an exception. */
export const Outcome = z.discriminatedUnion('verdict', [
  z.strictObject({
    verdict: z.literal('passed'),
    timings: z.array(CaseTiming).min(1),
    checkedCases: z.int().positive(),
    /** Right in every check, and not timed to the end: each timing says on how many runs it rests. */
    stopped: Stopped.optional(),
    /** What held the device's clocks down while it was timed, or set them to others than are usual, each time that it was; it takes no record. */
    disturbed: z.string().max(500).optional(),
  }),
  z.strictObject({ verdict: z.literal('compile_error'), log: Message }),
  z.strictObject({ verdict: z.literal('plan_error'), field: z.string(), message: Message }),
  z.strictObject({
    verdict: z.literal('wrong_answer'),
    case: z.string(),
    stage: z.enum(['check', 'timed_run']),
    /** The check case whose hard inputs a timed case had; absent: its own. */
    inputs: z.string().optional(),
    mismatch: Mismatch,
  }),
  z.strictObject({ verdict: z.literal('modified_input'), case: z.string(), tensor: z.string() }),
  z.strictObject({
    verdict: z.literal('out_of_bounds'),
    case: z.string(),
    tensor: z.string(),
    side: z.enum(['before', 'after']),
    /** Bytes from the nearest edge of the buffer to the first damaged byte, or to where it faulted. */
    distanceBytes: z.int().min(0),
    /** What it did there; only a fault tells of a read. */
    access: z.enum(['read', 'write']).optional(),
  }),
  z.strictObject({ verdict: z.literal('crashed'), case: z.string(), message: Message, lostMs: z.number().min(0).optional() }),
  z.strictObject({
    verdict: z.literal('timed_out'),
    stage: z.enum(['compile', 'check', 'measure']),
    case: z.string(),
    limitMs: z.number().positive(),
    /** How long the device was lost: from the limit to the next judge ready. */
    lostMs: z.number().min(0).optional(),
  }),
  z.strictObject({
    verdict: z.literal('implausible'),
    case: z.string(),
    medianNs: z.number().positive(),
    floorNs: z.number().positive(),
    message: Message,
  }),
  /** A program that did not keep what was agreed with it, or that cannot be judged as one; an empty case: as a whole. */
  z.strictObject({ verdict: z.literal('contract'), case: z.string(), message: Message }),
  z.strictObject({ verdict: z.literal('cancelled') }),
  z.strictObject({ verdict: z.literal('infra_failed'), message: Message }),
]);
export type Outcome = z.infer<typeof Outcome>;

export type Verdict = Outcome['verdict'];
export const VERDICTS = Outcome.options.map((option) => option.shape.verdict.value);

/** Verdicts that say nothing of the candidate's content: it may be judged again, and nobody learns from it. */
export const SILENT_VERDICTS: ReadonlySet<string> = new Set<Verdict>(['cancelled', 'infra_failed']);
