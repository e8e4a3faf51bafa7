/**
 * How many agents may think at once for one device class, so that its queue holds a target number of seconds of work. Pure: no clock; times come
 * in as durations.
 *
 * It keeps a stock as a shop does: what waits, plus what is being thought up, is brought to the work aimed at plus the work that the fleet does
 * while an answer is on its way (Little's law). Each answer is ordered when what it replaces is taken, so the queue does not swing, however
 * long and uneven the latencies are, and generators that answer at once cannot pass the aim.
 */
import type { DeviceClass } from '../../domain/device.ts';
import { createLearnedMean } from './learned-mean.ts';
import { coldReason, noDeviceReason, queueReason } from './reasons.ts';

export interface FeederOptions {
  readonly device: DeviceClass;
  /** Seconds of work that the queue is to hold. */
  readonly targetSeconds: number;
}

/** Of the device class, over everybody who submits to it. */
export interface Load {
  /** Devices that take work now. */
  readonly slots: number;
  /** Queued, compiling or ready; answers that are not submitted yet, or were since the queue was looked at, among them. */
  readonly waiting: number;
  /** Being judged or confirmed. */
  readonly running: number;
  /** Asked and not answered. */
  readonly thinking: number;
}

export interface Allowance {
  /** At most so many may think at once, those that think now among them. */
  readonly thinkers: number;
  /** Seconds of work that wait; null before the first judgement, and while no device takes work. */
  readonly heldSeconds: number | null;
  /** Why so many, in a sentence without its full stop. */
  readonly reason: string;
}

export interface Feeder {
  /** A generator answered. `nothing`: no draft, one that was rejected, or content that somebody had submitted before. */
  onThought(durationMs: number, gave?: 'candidate' | 'nothing'): void;
  /** A candidate got its verdict; `deviceMs` is the device time it took, 0 where it never reached one (a compile error). */
  onJudged(deviceMs: number): void;
  allowed(load: Load): Allowance;
}

/** Values that each mean remembers. Latencies and device times spread widely: fewer, and chance would order work that cannot be sent back. */
const WINDOW = 64;
/** Aimed at: below the target, so that chance and a fleet that shrinks leave the queue near it rather than above. */
const AIM_SHARE = 0.9;
/** Candidates for each device before anybody knows how long one takes: one at work and one behind it. */
const COLD_PER_SLOT = 2;
/** However many answers come to nothing, no more than 1 / this share are asked for each that is wanted. */
const YIELD_MIN = 0.1;

export const createFeeder = ({ device, targetSeconds }: FeederOptions): Feeder => {
  const latencySeconds = createLearnedMean(WINDOW);
  const serviceSeconds = createLearnedMean(WINDOW);
  /** Answers that put something into the queue; queued candidates that reach a device. */
  const fruitful = createLearnedMean(WINDOW);
  const reaching = createLearnedMean(WINDOW);

  const cold = ({ slots, waiting, running }: Load): Allowance => ({
    thinkers: Math.max(0, slots * COLD_PER_SLOT - waiting - running),
    heldSeconds: null,
    reason: coldReason({ device, perSlot: COLD_PER_SLOT, slots }),
  });

  const steady = ({ slots, waiting }: Load, service: number): Allowance => {
    const perSecond = slots / service;
    const reached = shareOf(reaching.value);
    const held = waiting * reached;
    // Unknown latency counts as none: generators that answer at once must not be asked for answers "on the way".
    const missing = perSecond * (targetSeconds * AIM_SHARE + (latencySeconds.value ?? 0)) - held;
    const thinkers = Math.ceil(Math.max(0, missing) / (reached * shareOf(fruitful.value)));
    const heldSeconds = held / perSecond;
    return { thinkers, heldSeconds, reason: queueReason({ device, heldSeconds, targetSeconds, thinkers }) };
  };

  return {
    onThought: (durationMs, gave = 'candidate') => {
      latencySeconds.add(durationMs / 1000);
      fruitful.add(gave === 'candidate' ? 1 : 0);
    },
    onJudged: (deviceMs) => {
      reaching.add(deviceMs > 0 ? 1 : 0);
      if (deviceMs > 0) serviceSeconds.add(deviceMs / 1000);
    },
    allowed: (load) => {
      if (load.slots <= 0) return { thinkers: 0, heldSeconds: null, reason: noDeviceReason(device) };
      return serviceSeconds.value === null ? cold(load) : steady(load, serviceSeconds.value);
    },
  };
};

const shareOf = (learned: number | null): number => Math.max(YIELD_MIN, learned ?? 1);
