import { z } from 'zod';

const Nanoseconds = z.number().positive();

/** One side's statistics over its timed runs. All times are nanoseconds of one execution of the whole plan. */
export const TimingStatistics = z.strictObject({
  runs: z.int().positive(),
  /** Executions between one pair of events; times are divided by it. */
  batch: z.int().positive(),
  medianNs: Nanoseconds,
  /** Mean of the middle 80 %. */
  trimmedMeanNs: Nanoseconds,
  minNs: Nanoseconds,
  p10Ns: Nanoseconds.optional(),
  p95Ns: Nanoseconds,
  /** 95 % interval of the median (order statistics). */
  ciLowNs: Nanoseconds,
  ciHighNs: Nanoseconds,
  /** Where the times have two humps: the median of either, and what share of the runs is in the lower. */
  humps: z.strictObject({ lowNs: Nanoseconds, highNs: Nanoseconds, lowShare: z.number().min(0).max(1) }).optional(),
});
export type TimingStatistics = z.infer<typeof TimingStatistics>;

const KernelShare = z.strictObject({ kernel: z.string(), library: z.string().nullable(), share: z.number().min(0).max(1) });
export type KernelShare = z.infer<typeof KernelShare>;

/**
 * Of a program that was timed by its answers: its times reach from the release of inputs that it had not seen to the moment when all of its outputs were there,
 * less the median time to the answers of a program that does nothing. `released`: its device code was queued before, and waited for the release. `call`: its host code
 * ran within the time, since it could not be queued ahead.
 */
export const Answers = z.strictObject({
  semantics: z.enum(['released', 'call']),
  /** What is left open in each of its times, to either side, that no repetition shows. */
  uncertaintyNs: Nanoseconds,
  /** What was taken off each time. */
  nullNs: Nanoseconds,
});
export type Answers = z.infer<typeof Answers>;

/** What one bench case measured on one device. */
export const CaseTiming = z.strictObject({
  case: z.string(),
  candidate: TimingStatistics,
  baseline: TimingStatistics,
  /**
   * Ratio baseline/candidate. `paired`: from interleaved groups with as many runs of each. `cached`: from the baseline's remembered median, which
   * a few baseline runs among the candidate's bore out.
   */
  method: z.enum(['paired', 'cached']),
  speedup: z.number().positive(),
  speedupLow: z.number().positive(),
  speedupHigh: z.number().positive(),
  /** Paired with the record holder, when the judge was asked to: ratio record/candidate (above 1: the candidate is faster). */
  record: z
    .strictObject({ ratio: z.number().positive(), ratioLow: z.number().positive(), ratioHigh: z.number().positive() })
    .optional(),
  /** `fresh`: new inputs before every run; `sampled`: before some, and the interval reaches as far as what these leave open. */
  inputs: z.enum(['sampled', 'fresh']).optional(),
  /** The speed-up and the times contradict each other, though every run had new inputs: no record. */
  unsteady: z.literal(true).optional(),
  /** Of a recording: the kernels that most of its time goes to, by their part of it, and of which library each is, as its name says. */
  recorded: z.array(KernelShare).optional(),
  /** Of a program that is called by the judge: the candidate's times are those to its answers. */
  answers: Answers.optional(),
});
export type CaseTiming = z.infer<typeof CaseTiming>;

/** After which step of a case a candidate was stopped: its warm-up, some of its timed runs, or all of them. */
export const STOPPED_AFTER = ['warm-up', 'runs', 'case'] as const;

/** Why a candidate that passed was not timed to the end: it could not come near the front of its ranking any more. */
export const Stopped = z.strictObject({
  after: z.enum(STOPPED_AFTER),
  case: z.string(),
  /** The most that its speed-up can come to, and the least that its time can (geometric means over the bench cases). */
  speedupMost: z.number().positive(),
  timeLeastNs: Nanoseconds,
  /** What it had to be able to reach: one of the two would have done. */
  needed: z.strictObject({ speedup: z.number().positive(), timeNs: Nanoseconds }),
});
export type Stopped = z.infer<typeof Stopped>;

/** State of the device right after the timed section; null where the driver does not tell. */
export const Telemetry = z.strictObject({
  deviceId: z.string(),
  smClockMhz: z.number().nullable(),
  memoryClockMhz: z.number().nullable(),
  powerW: z.number().nullable(),
  temperatureC: z.number().nullable(),
  /** Names of NVML clock event reasons that were active ("sw_power_cap", "hw_slowdown", …). */
  throttleReasons: z.array(z.string()),
});
export type Telemetry = z.infer<typeof Telemetry>;

/** Where a judgement's time went, in milliseconds of the host's monotonic clock. */
export const JudgePhases = z.strictObject({
  /** Received by the runner to start. */
  waitedMs: z.number().min(0),
  /** The device was idle between the previous judgement's end and this one's start, though this attempt was already there. */
  idleGapMs: z.number().min(0),
  loadMs: z.number().min(0),
  checkMs: z.number().min(0),
  /** Warm-up and timed section, under the exclusive lock. */
  measureMs: z.number().min(0),
  /** Waiting for the exclusive lock. */
  lockMs: z.number().min(0),
  totalMs: z.number().min(0),
});
export type JudgePhases = z.infer<typeof JudgePhases>;
