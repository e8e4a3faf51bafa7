/**
 * Trust in one thing by its canaries: a device (canaries.ts), or the compiler of a compile host (src/engine/compiling/compiler-trust.ts).
 *
 *   trusted      works; a canary is due some time after the first word since the last one, at once after a burst of bad words
 *   asked        the canary is on its way; work goes on meanwhile
 *   quarantined  the canary failed: no work until one passes or an operator says so; it is asked again and again, each time later
 *
 * Here are the times and counts alone: what follows from them is the caller's.
 */
import { doubledMs } from '../platform/backoff.ts';
import { BURST_COOL_DOWN_MS, CANARY_INCONCLUSIVE_MS, CANARY_SHARE_MAX } from './options.ts';
import type { SchedulerOptions } from './options.ts';
import { absorb, type Count, countVerdict, createTally, isBurst, type Tally } from './tally.ts';

export interface Trust {
  readonly tally: Tally;
  /** The last canary that passed; null before the first. */
  passedMs: number | null;
  /** What the last one that passed took of a device. */
  serviceMs: number;
  /** When the next canary is due; null while nothing was said since the last. */
  dueMs: number | null;
  asked: { readonly sinceMs: number } | null;
  /** The next canary is because of a burst of bad words. */
  burst: boolean;
  /** No canary because of a burst before, and how long it is after the next that shows nothing. */
  burstAtMs: number;
  burstCoolDownMs: number;
  quarantine: { readonly failures: number } | null;
}

export const createTrust = (): Trust => ({
  tally: createTally(),
  passedMs: null,
  serviceMs: 0,
  dueMs: null,
  asked: null,
  burst: false,
  burstAtMs: 0,
  burstCoolDownMs: BURST_COOL_DOWN_MS,
  quarantine: null,
});

/** What the times depend on. */
export interface TrustClock {
  readonly nowMs: number;
  readonly options: Pick<SchedulerOptions, 'canaryEveryMs' | 'canaryFirstMs' | 'canaryBackoffMs' | 'canaryBackoffMsMax'>;
}

/** A verdict, or a compiler's answer. `others`: what is usual elsewhere. True: a canary became due at once. */
export const noteWord = (
  trust: Trust,
  { isBad, others }: { readonly isBad: boolean; readonly others: () => Count },
  clock: TrustClock,
): boolean => {
  countVerdict(trust.tally, isBad);
  if (trust.dueMs === null) trust.dueMs = nextRegular(trust, clock);
  return isBad && mayAskAtOnce(trust, clock) && isBurst(trust.tally, others()) && noteBurst(trust, clock);
};

/** Not while one is asked for, or in the cool-down: then nobody need look for bursts either. */
const mayAskAtOnce = ({ asked, burstAtMs }: Trust, { nowMs }: TrustClock): boolean => !asked && burstAtMs <= nowMs;

/** True: a canary became due at once. */
export const noteBurst = (trust: Trust, clock: TrustClock): boolean => {
  if (!mayAskAtOnce(trust, clock)) return false;
  trust.burst = true;
  trust.dueMs = clock.nowMs;
  return true;
};

export const isDue = ({ asked, dueMs }: Trust, { nowMs }: TrustClock): boolean =>
  asked === null && dueMs !== null && dueMs <= nowMs;

export const ask = (trust: Trust, { nowMs }: TrustClock): void => {
  trust.asked = { sinceMs: nowMs };
  trust.dueMs = null;
};

/** What was asked is never answered (its connection is gone): it is asked again. */
export const askAgain = (trust: Trust, { nowMs }: TrustClock): void => {
  if (trust.asked) trust.dueMs = nowMs;
  trust.asked = null;
};

/** True: it was quarantined and works again. */
export const notePassed = (trust: Trust, serviceMs: number, clock: TrustClock): boolean => {
  const wasBurst = trust.burst;
  trust.asked = null;
  trust.burst = false;
  trust.serviceMs = serviceMs;
  trust.passedMs = clock.nowMs;
  absorb(trust.tally);
  // Many bad candidates are not its fault: the next burst is looked into later.
  trust.burstCoolDownMs = wasBurst ? Math.min(2 * trust.burstCoolDownMs, clock.options.canaryEveryMs) : BURST_COOL_DOWN_MS;
  trust.burstAtMs = clock.nowMs + Math.max(trust.burstCoolDownMs, CANARY_SHARE_MAX * serviceMs);
  return trust.quarantine !== null;
};

/** It is quarantined, or stays so: for the `failures`-th time in a row, and asked again after `retryMs`. */
export const noteFailed = (
  trust: Trust,
  { nowMs, options }: TrustClock,
): { readonly failures: number; readonly retryMs: number } => {
  const failures = (trust.quarantine?.failures ?? 0) + 1;
  const retryMs = doubledMs(failures, { minMs: options.canaryBackoffMs, maxMs: options.canaryBackoffMsMax });
  trust.asked = null;
  trust.burst = false;
  trust.quarantine = { failures };
  trust.dueMs = nowMs + retryMs;
  return { failures, retryMs };
};

export const noteInconclusive = (trust: Trust, { nowMs }: TrustClock): void => {
  trust.asked = null;
  trust.dueMs = nowMs + CANARY_INCONCLUSIVE_MS;
};

export const release = (trust: Trust): void => {
  trust.quarantine = null;
  absorb(trust.tally);
};

/** At most one part in CANARY_SHARE_MAX of a device's time. */
const nextRegular = ({ passedMs, serviceMs }: Trust, { nowMs, options }: TrustClock): number => {
  if (passedMs === null) return nowMs + options.canaryFirstMs;
  return Math.max(nowMs, passedMs + Math.max(options.canaryEveryMs, CANARY_SHARE_MAX * serviceMs));
};
