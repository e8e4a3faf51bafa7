/** What the feeding controller learns of generators and of a device class. Every value starts unknown or at the cautious end. Pure. */
import { createLearnedMean } from './learned-mean.ts';
import type { Load } from './load.ts';

/**
 * Values that the means remember: about those of one latency, and of some candidates on each device. With fewer, chance would move them by
 * several percent, and each time upwards would order answers that cannot be sent back.
 */
const WINDOW_MIN = 64;
const WINDOW_MAX = 8192;
const VERDICTS_PER_SLOT = 8;
/** The pace is learned over several latencies: what was ordered at the old one must have arrived before it shows. */
const PACE_WINDOWS = 4;
/** Share of the target that must wait before idle devices say that something else than the agents holds them up. */
const PLENTY_SHARE = 0.5;
/** However many answers come to nothing, no more than 1 / this share are asked for each that is wanted. */
const SHARE_MIN = 0.1;

export interface Estimates {
  /** Device time of a candidate that reaches one; null before the first. */
  readonly serviceSeconds: number | null;
  /** 0 before the first answer, so that generators which answer at once are not asked for answers "on the way". */
  readonly latencySeconds: number;
  /** Answers that put something into the queue / answers. */
  readonly fruitful: number;
  /** Queued candidates that reach a device / queued candidates. */
  readonly reaching: number;
  /** Devices at work / devices, while plenty waits: below 1 where the compilers set the pace. */
  readonly pace: number;
  onThought(durationMs: number, gave: 'candidate' | 'nothing'): void;
  onJudged(deviceMs: number): void;
  /** Looked at for the pace, and for how many values are worth remembering. */
  onLoad(load: Load): void;
}

export const createEstimates = (targetSeconds: number): Estimates => {
  const [latency, service] = [createLearnedMean(), createLearnedMean()];
  const [fruitful, reaching, pace] = [createLearnedMean(), createLearnedMean(), createLearnedMean()];
  const windows = { answers: WINDOW_MIN, verdicts: WINDOW_MIN };
  /** Share of the devices at work as long as plenty waits, and 1 otherwise. */
  let atWork = 1;

  const atWorkOf = ({ slots, waiting, running }: Load): number => {
    const heldSeconds = (waiting * (service.value ?? 0)) / slots;
    return heldSeconds > targetSeconds * PLENTY_SHARE ? Math.min(1, running / slots) : 1;
  };

  return {
    get serviceSeconds() {
      return service.value;
    },
    get latencySeconds() {
      return latency.value ?? 0;
    },
    get fruitful() {
      return Math.max(SHARE_MIN, fruitful.value ?? 1);
    },
    get reaching() {
      return Math.max(SHARE_MIN, reaching.value ?? 1);
    },
    get pace() {
      return Math.max(SHARE_MIN, pace.value ?? 1);
    },
    onThought: (durationMs, gave) => {
      latency.add(durationMs / 1000, windows.answers);
      fruitful.add(gave === 'candidate' ? 1 : 0, windows.answers);
    },
    onJudged: (deviceMs) => {
      reaching.add(deviceMs > 0 ? 1 : 0, windows.verdicts);
      pace.add(atWork, PACE_WINDOWS * Math.max(windows.answers, windows.verdicts));
      if (deviceMs > 0) service.add(deviceMs / 1000, windows.verdicts);
    },
    onLoad: (load) => {
      windows.answers = windowOf(load.thinking);
      windows.verdicts = windowOf(load.slots * VERDICTS_PER_SLOT);
      atWork = load.slots > 0 ? atWorkOf(load) : 1;
    },
  };
};

const windowOf = (values: number): number => Math.min(WINDOW_MAX, Math.max(WINDOW_MIN, values));
