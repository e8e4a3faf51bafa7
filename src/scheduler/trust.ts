/**
 * Trust in one thing by its canaries: a device (canaries.ts), or the compiler of a compile host (src/engine/compiling/compiler-trust.ts).
 *
 *   trusted      works; a canary is due some time after the first word since the last one, at once after a burst of bad words, or after many
 *   asked        the canary is on its way; work goes on meanwhile
 *   quarantined  the canary failed: no work until one passes or an operator says so; it is asked again and again, each time later
 *   probation    it came back: it works, and canaries follow soon after each other; one that fails counts on from those that failed before
 *
 * Here are the times and counts alone: what follows from them is the caller's.
 */
import { doubledMs } from '../platform/backoff.ts';
import {
  BURST_COOL_DOWN_MS,
  CANARY_INCONCLUSIVE_MS,
  CANARY_INCONCLUSIVE_SUSPECT_MS,
  CANARY_REFUSALS,
  CANARY_REFUSALS_SHARE_MAX,
  CANARY_SHARE_MAX,
  PROBATION_EVERY_MS,
  PROBATION_PASSES,
  SUSPECT_PASSES,
} from './options.ts';
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
  /** Bad words since the last canary was asked. */
  refused: number;
  /** Why the next canary is due before its time; null where it is not. Holds until one has passed or failed. */
  suspicion: string | null;
  /** Canaries that passed since something was suspected. */
  cleared: number;
  /** No canary because of a burst before, and how long it is after the next that shows nothing. */
  burstAtMs: number;
  burstCoolDownMs: number;
  quarantine: { readonly failures: number } | null;
  /** Canaries that must pass yet, and how many had failed in a row. */
  probation: { readonly left: number; readonly failures: number } | null;
  /** Canaries in a row that could not be judged. */
  inconclusive: number;
}

export const createTrust = (): Trust => ({
  tally: createTally(),
  passedMs: null,
  serviceMs: 0,
  dueMs: null,
  asked: null,
  refused: 0,
  suspicion: null,
  cleared: 0,
  burstAtMs: 0,
  burstCoolDownMs: BURST_COOL_DOWN_MS,
  quarantine: null,
  probation: null,
  inconclusive: 0,
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
  if (!isBad) return false;
  trust.refused += 1;
  if (mayAskAtOnce(trust, clock) && isBurst(trust.tally, others())) return noteBurst(trust, OUT_OF_LINE, clock);
  return trust.refused >= CANARY_REFUSALS && noteRefusals(trust, clock);
};

const OUT_OF_LINE = 'it refuses more of what it is given than is usual for its class';

/** Much was refused, and nothing more: no suspicion, but a canary says what of it stands. True: it became due at once. */
export const noteRefusals = (trust: Trust, { nowMs }: TrustClock): boolean => {
  const { asked, passedMs, serviceMs, dueMs } = trust;
  if (asked || nowMs < (passedMs ?? 0) + CANARY_REFUSALS_SHARE_MAX * serviceMs) return false;
  if (dueMs !== null && dueMs <= nowMs) return false;
  trust.dueMs = nowMs;
  return true;
};

/** Not while one is asked for, or in the cool-down: then nobody need look for bursts either. */
const mayAskAtOnce = ({ asked, burstAtMs }: Trust, { nowMs }: TrustClock): boolean => !asked && burstAtMs <= nowMs;

/** True: a canary became due at once. */
export const noteBurst = (trust: Trust, suspicion: string, clock: TrustClock): boolean => {
  if (!mayAskAtOnce(trust, clock)) return false;
  trust.suspicion = suspicion;
  trust.dueMs = clock.nowMs;
  return true;
};

export const isDue = ({ asked, dueMs }: Trust, { nowMs }: TrustClock): boolean =>
  asked === null && dueMs !== null && dueMs <= nowMs;

export const ask = (trust: Trust, { nowMs }: TrustClock): void => {
  trust.asked = { sinceMs: nowMs };
  trust.dueMs = null;
  trust.refused = 0;
};

/** What was asked is never answered (its connection is gone): it is asked again. */
export const askAgain = (trust: Trust, { nowMs }: TrustClock): void => {
  if (trust.asked) trust.dueMs = nowMs;
  trust.asked = null;
};

/** `returned`: it was quarantined and works again. `again`: another one is due at once, and nothing stands yet. */
export type Passed = 'trusted' | 'returned' | 'again';

export const notePassed = (trust: Trust, serviceMs: number, clock: TrustClock): Passed => {
  const wasBurst = trust.suspicion !== null;
  trust.asked = null;
  trust.inconclusive = 0;
  trust.cleared += 1;
  if (wasBurst && !trust.quarantine && trust.cleared < SUSPECT_PASSES) {
    trust.dueMs = clock.nowMs;
    return 'again';
  }
  Object.assign(trust, { suspicion: null, cleared: 0 });
  trust.serviceMs = serviceMs;
  trust.passedMs = clock.nowMs;
  absorb(trust.tally);
  // Many bad candidates are not its fault: the next burst is looked into later.
  trust.burstCoolDownMs = wasBurst ? Math.min(2 * trust.burstCoolDownMs, clock.options.canaryEveryMs) : BURST_COOL_DOWN_MS;
  trust.burstAtMs = clock.nowMs + Math.max(trust.burstCoolDownMs, CANARY_SHARE_MAX * serviceMs);
  if (trust.quarantine) return 'returned';
  if (trust.probation) serveProbation(trust, clock);
  return 'trusted';
};

/** One more has passed. */
const serveProbation = (trust: Trust, { nowMs }: TrustClock): void => {
  const left = (trust.probation?.left ?? 0) - 1;
  trust.probation = left > 0 && trust.probation ? { ...trust.probation, left } : null;
  if (trust.probation) trust.dueMs = nowMs + PROBATION_EVERY_MS;
};

/** It is quarantined, or stays so: for the `failures`-th time in a row, and asked again after `retryMs`. */
export const noteFailed = (
  trust: Trust,
  { nowMs, options }: TrustClock,
): { readonly failures: number; readonly retryMs: number } => {
  const failures = (trust.quarantine?.failures ?? trust.probation?.failures ?? 0) + 1;
  const retryMs = doubledMs(failures, { minMs: options.canaryBackoffMs, maxMs: options.canaryBackoffMsMax });
  Object.assign(trust, { asked: null, suspicion: null, cleared: 0, probation: null, inconclusive: 0 });
  trust.quarantine = { failures };
  trust.dueMs = nowMs + retryMs;
  return { failures, retryMs };
};

export const noteInconclusive = (trust: Trust, { nowMs }: TrustClock): void => {
  trust.asked = null;
  trust.inconclusive += 1;
  trust.dueMs = nowMs + (trust.suspicion === null ? CANARY_INCONCLUSIVE_MS : CANARY_INCONCLUSIVE_SUSPECT_MS);
};

/** It works again, on probation. */
export const release = (trust: Trust, { nowMs }: TrustClock): void => {
  trust.probation = { left: PROBATION_PASSES, failures: trust.quarantine?.failures ?? 0 };
  trust.quarantine = null;
  trust.dueMs = nowMs + PROBATION_EVERY_MS;
  absorb(trust.tally);
};

/** At most one part in CANARY_SHARE_MAX of a device's time. */
const nextRegular = ({ passedMs, serviceMs }: Trust, { nowMs, options }: TrustClock): number => {
  if (passedMs === null) return nowMs + options.canaryFirstMs;
  return Math.max(nowMs, passedMs + Math.max(options.canaryEveryMs, CANARY_SHARE_MAX * serviceMs));
};
