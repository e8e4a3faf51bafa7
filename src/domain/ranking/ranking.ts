/** What candidates are ranked by, and their places. */
import { z } from 'zod';
import { CandidateId } from '../ids.ts';
import { Answers, Stopped } from '../measurement.ts';
import { Language, Params } from '../plan/plan.ts';

const Instant = z.iso.datetime();

/**
 * What is ranked together, and holds one record. `device`: by the time of its device code, as kernels and recordings of programs are. `program`: by the time to a
 * program's answers, which holds more. The two are never compared.
 */
export const RankingClass = z.enum(['device', 'program']);
export type RankingClass = z.infer<typeof RankingClass>;

/** A comparison with the record holder in alternating runs of one process. */
const PairedScore = z.strictObject({
  /** The record holder of that time. */
  against: CandidateId,
  /** Its time divided by the candidate's, geometric mean over bench cases: above 1, the candidate is faster. 95 % interval. */
  ratio: z.number().positive(),
  ratioLow: z.number().positive(),
  ratioHigh: z.number().positive(),
  result: z.enum(['won', 'tied', 'lost']),
});
export type PairedScore = z.infer<typeof PairedScore>;

/** What a passed candidate is ranked by. */
export const Score = z.strictObject({
  /** Geometric mean over bench cases of the speed-up against the baseline, from all judgements that count. */
  speedup: z.number().positive(),
  /** 95 % interval, with what judgements of one code differ by. */
  speedupLow: z.number().positive(),
  speedupHigh: z.number().positive(),
  /** Geometric mean over bench cases of the median time, nanoseconds. */
  timeNs: z.number().positive(),
  /** Geometric mean over bench cases of physical floor / time, 0 to 1; null where the device's ceilings are unknown. */
  floorShare: z.number().min(0).nullable(),
  deviceModel: z.string(),
  /** The order follows this: the speed-up, or the holder's as the pair with it says. Never above the record holder's. */
  rankKey: z.number().positive(),
  /** Judged again, in pairs with the baseline and with the record holder where there was one. */
  confirmed: z.boolean(),
  /** `cached`: at least one case was compared with a remembered time of the baseline. */
  method: z.enum(['cached', 'paired']).default('paired'),
  /** How many judgements the speed-up is the mean of: a record holder is measured again with everyone that challenges it. */
  judgements: z.int().positive().default(1),
  /** Null where it never met a record holder. */
  pair: PairedScore.nullable().default(null),
  /** It is the recording of a program, of whose time so much goes to kernels of libraries, as their names say. */
  recorded: z.strictObject({ libraryShare: z.number().min(0).max(1) }).optional(),
  /** It is a program that was judged by its answers, and is of the class `program`. */
  answers: z
    .strictObject({
      /** `call`: in some case. */
      semantics: Answers.shape.semantics,
      /** Of each of its times, to either side, in the case where it is most. */
      uncertaintyNs: z.number().positive(),
      /** What that comes to in the speed-up: it may be so much higher or lower (0.03: by 3 %). No number of judgements makes it less. */
      share: z.number().positive(),
      /** A case took less than what can be ranked: it is shown, and has no place. */
      tooShort: z.literal(true).optional(),
    })
    .optional(),
  /** Stopped early: an estimate that ranks below all that were timed to the end, and never holds a record. */
  stopped: Stopped.optional(),
});
export type Score = z.infer<typeof Score>;

export const classOf = ({ answers }: Pick<Score, 'answers'>): RankingClass => (answers ? 'program' : 'device');

/** One place of a ranking. Places are given within one device model; who cannot be told from the first at a place shares it. */
export const RankingEntry = z.strictObject({
  place: z.int().positive(),
  /** Its time is shorter than the first place's beyond both intervals, though its speed-up is not: one of their baselines was timed in another state. */
  fasterByTime: z.boolean().default(false),
  candidateId: CandidateId,
  language: Language,
  params: Params,
  submitter: z.string(),
  score: Score,
  record: z.boolean(),
  finishedAt: Instant,
});
export type RankingEntry = z.infer<typeof RankingEntry>;
