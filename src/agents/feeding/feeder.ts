/**
 * How many agents may think at once for one device class, so that its queue holds a target number of seconds of work. Pure: no clock; times come
 * in as durations.
 *
 * It keeps a stock as a shop does: what waits, plus what is being thought up, is brought to the work aimed at plus the work that the fleet does
 * while an answer is on its way (Little's law). Each answer is ordered when what it replaces is taken, so the queue does not swing, however
 * long and uneven the latencies are, and generators that answer at once cannot pass the aim.
 */
import type { DeviceClass } from '../../domain/device.ts';
import { createEstimates } from './estimates.ts';
import type { Load } from './load.ts';
import { coldReason, noDeviceReason, queueReason } from './reasons.ts';

export interface FeederOptions {
  readonly device: DeviceClass;
  /** Seconds of work that the queue is to hold. */
  readonly targetSeconds: number;
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

/** Aimed at: below the target, so that chance and a fleet that shrinks leave the queue near it rather than above. */
const AIM_SHARE = 0.85;
/** Candidates for each device before anybody knows how long one takes: one at work and one behind it. */
const COLD_PER_SLOT = 2;

export const createFeeder = ({ device, targetSeconds }: FeederOptions): Feeder => {
  const estimates = createEstimates(targetSeconds);

  const cold = ({ slots, waiting, running }: Load): Allowance => ({
    thinkers: Math.max(0, slots * COLD_PER_SLOT - waiting - running),
    heldSeconds: null,
    reason: coldReason({ device, perSlot: COLD_PER_SLOT, slots }),
  });

  const steady = ({ slots, waiting }: Load, serviceSeconds: number): Allowance => {
    const { latencySeconds, fruitful, reaching, pace } = estimates;
    const perSecond = (slots / serviceSeconds) * pace;
    const held = waiting * reaching;
    const wanted = perSecond * (targetSeconds * AIM_SHARE + latencySeconds) - held;
    const thinkers = Math.ceil(Math.max(0, wanted) / (reaching * fruitful));
    const heldSeconds = held / perSecond;
    return { thinkers, heldSeconds, reason: queueReason({ device, heldSeconds, targetSeconds, thinkers }) };
  };

  return {
    onThought: (durationMs, gave = 'candidate') => estimates.onThought(durationMs, gave),
    onJudged: (deviceMs) => estimates.onJudged(deviceMs),
    allowed: (load) => {
      estimates.onLoad(load);
      if (load.slots <= 0) return { thinkers: 0, heldSeconds: null, reason: noDeviceReason(device) };
      return estimates.serviceSeconds === null ? cold(load) : steady(load, estimates.serviceSeconds);
    },
  };
};
