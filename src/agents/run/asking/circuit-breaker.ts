/**
 * Lets one generator of a campaign be asked, and keeps it from being asked again and again while it fails.
 *
 * Modes: open (anybody may ask); closed (nobody, until a time); trying (that time has come: one may ask, and its answer opens or closes).
 */
import type { GenerationFailure } from '../../../domain/campaign/campaign.ts';

/** The service is away: nobody else need find out. What is wrong with single answers is borne so many times in a row. */
const BORNE = 5;
const SERVICE_FAILURES: ReadonlySet<GenerationFailure> = new Set(['unavailable', 'timed_out']);
/** Say nothing about the generator: somebody stopped it, or what it knows of is known. */
const NEUTRAL: ReadonlySet<GenerationFailure> = new Set(['stopped', 'duplicate', 'exhausted']);
const CLOSED_MS_MIN = 500;
const CLOSED_MS_MAX = 60_000;
const GROWTH = 2;
/** Waits are drawn from [1 - SPREAD, 1 + SPREAD] of their length, so that campaigns do not come back all at once. */
const SPREAD = 0.5;

export interface Gate {
  /** Null where somebody may ask now; otherwise why not, and for how long. */
  closed(nowMs: number): string | null;
  /** Somebody asks. Every `enter` ends in one of the next three. */
  enter(): void;
  onAnswer(): void;
  onFailure(failure: GenerationFailure, message: string, nowMs: number): void;
  /** It was not asked after all. */
  onLeft(): void;
}

export const createGate = (name: string, random: () => number): Gate => {
  let inRow = 0;
  let closures = 0;
  let closedUntilMs: number | null = null;
  let isTrying = false;
  let last = '';

  const close = (nowMs: number): void => {
    const waitMs = Math.min(CLOSED_MS_MAX, CLOSED_MS_MIN * GROWTH ** closures) * (1 - SPREAD + 2 * SPREAD * random());
    closures += 1;
    closedUntilMs = nowMs + waitMs;
  };

  return {
    closed: (nowMs) => {
      if (closedUntilMs === null) return null;
      if (nowMs < closedUntilMs) return `${name} is asked again in ${Math.ceil((closedUntilMs - nowMs) / 1000)} s: ${last}`;
      return isTrying ? `${name} is tried once more: ${last}` : null;
    },
    enter: () => {
      isTrying = closedUntilMs !== null;
    },
    onAnswer: () => {
      [inRow, closures, closedUntilMs, isTrying] = [0, 0, null, false];
    },
    onFailure: (failure, message, nowMs) => {
      isTrying = false;
      if (NEUTRAL.has(failure)) return;
      last = `${failure}: ${message}`;
      inRow += SERVICE_FAILURES.has(failure) ? BORNE : 1;
      // Those that were asked before it closed come back failed too: they say nothing new.
      if (inRow >= BORNE && (closedUntilMs === null || nowMs >= closedUntilMs)) close(nowMs);
    },
    onLeft: () => {
      isTrying = false;
    },
  };
};
