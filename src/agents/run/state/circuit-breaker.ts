/**
 * Keeps one generator of a campaign from being asked again and again while it fails: a circuit breaker.
 *
 * Modes: closed (anybody may ask); open (nobody may, until a time); half-open (that time has come: one may ask, and its answer closes or opens).
 */
import type { GenerationFailure } from '../../../domain/campaign/campaign.ts';

/** The service is unavailable: nobody else need find out. What is wrong with single answers is tolerated so many times in a row. */
const FAILURES_MAX = 5;
const SERVICE_FAILURES: ReadonlySet<GenerationFailure> = new Set(['unavailable', 'timed_out']);
/** Say nothing about the generator: somebody stopped it, or what it knows of is known. */
const NEUTRAL: ReadonlySet<GenerationFailure> = new Set(['stopped', 'duplicate', 'exhausted']);
const OPEN_MS_MIN = 500;
const OPEN_MS_MAX = 60_000;
const GROWTH = 2;
/** Waits are drawn from [1 - SPREAD, 1 + SPREAD] of their length, so that campaigns do not come back all at once. */
const SPREAD = 0.5;

export interface CircuitBreaker {
  /** Null where somebody may ask now; otherwise why not, and for how long. */
  refusal(nowMs: number): string | null;
  /** Somebody asks. Every request ends in one of the next three. */
  onRequest(): void;
  onAnswer(): void;
  onFailure(failure: GenerationFailure, message: string, nowMs: number): void;
  /** It was not asked after all. */
  onAbandoned(): void;
}

export const createCircuitBreaker = (name: string, random: () => number): CircuitBreaker => {
  let failuresInRow = 0;
  let openings = 0;
  let openUntilMs: number | null = null;
  let isProbing = false;
  let last = '';

  const open = (nowMs: number): void => {
    const waitMs = Math.min(OPEN_MS_MAX, OPEN_MS_MIN * GROWTH ** openings) * (1 - SPREAD + 2 * SPREAD * random());
    openings += 1;
    openUntilMs = nowMs + waitMs;
  };

  return {
    refusal: (nowMs) => {
      if (openUntilMs === null) return null;
      if (nowMs < openUntilMs) return `${name} is asked again in ${Math.ceil((openUntilMs - nowMs) / 1000)} s: ${last}`;
      return isProbing ? `${name} is tried once more: ${last}` : null;
    },
    onRequest: () => {
      isProbing = openUntilMs !== null;
    },
    onAnswer: () => {
      [failuresInRow, openings, openUntilMs, isProbing] = [0, 0, null, false];
    },
    onFailure: (failure, message, nowMs) => {
      isProbing = false;
      if (NEUTRAL.has(failure)) return;
      last = `${failure}: ${message}`;
      failuresInRow += SERVICE_FAILURES.has(failure) ? FAILURES_MAX : 1;
      // Requests that went out before it opened come back failed too: they say nothing new.
      if (failuresInRow >= FAILURES_MAX && (openUntilMs === null || nowMs >= openUntilMs)) open(nowMs);
    },
    onAbandoned: () => {
      isProbing = false;
    },
  };
};
