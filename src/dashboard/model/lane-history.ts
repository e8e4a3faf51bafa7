/** What each device did over the last minutes, as stretches of time. Pure but for its own memory. */
import type { Activity } from '../../domain/api/activity.ts';

export const LANE_STATES = ['measuring', 'checking', 'loading', 'waiting', 'fault'] as const;
export type LaneState = (typeof LANE_STATES)[number];

export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: LaneState;
}

export interface LaneHistory {
  /** Returns what is new, by device. Attempts that were told before are known by their id. */
  add(attempts: readonly Activity[], nowMs: number): ReadonlyMap<string, readonly Stretch[]>;
  stretchesOf(deviceId: string): readonly Stretch[];
  /** When the device was last seen to finish something; null where nothing is known. */
  lastEndMs(deviceId: string): number | null;
  /** Of the attempts in the window. */
  verdicts(): ReadonlyMap<string, number>;
  /** Newest finish of all. */
  newest(): string | null;
}

/** Verdicts after which the device had to be taken by the other judge. */
const COSTLY: ReadonlySet<string> = new Set(['crashed', 'timed_out']);
const ATTEMPTS_MAX = 100_000;

export const createLaneHistory = (windowMs: number): LaneHistory => {
  let attempts = new Map<string, Activity>();
  const lanes = new Map<string, Stretch[]>();
  let newest: string | null = null;

  const trim = (nowMs: number): void => {
    const fromMs = nowMs - windowMs;
    attempts = new Map([...attempts].filter(([, { finishedAt }]) => Date.parse(finishedAt) >= fromMs).slice(-ATTEMPTS_MAX));
    for (const [device, stretches] of lanes) {
      const kept = stretches.findIndex(({ toMs }) => toMs >= fromMs);
      lanes.set(device, kept < 0 ? [] : stretches.slice(kept));
    }
  };

  return {
    add: (list, nowMs) => {
      const fresh = new Map<string, Stretch[]>();
      for (const attempt of list) {
        if (attempts.has(attempt.attemptId)) continue;
        attempts.set(attempt.attemptId, attempt);
        if (newest === null || attempt.finishedAt > newest) newest = attempt.finishedAt;
        const own = stretchesOf(attempt);
        fresh.set(attempt.deviceId, [...(fresh.get(attempt.deviceId) ?? []), ...own]);
        const lane = lanes.get(attempt.deviceId) ?? [];
        lane.push(...own);
        lanes.set(attempt.deviceId, lane);
      }
      if (fresh.size > 0) trim(nowMs);
      return fresh;
    },
    stretchesOf: (deviceId) => lanes.get(deviceId) ?? [],
    lastEndMs: (deviceId) => lanes.get(deviceId)?.at(-1)?.toMs ?? null,
    verdicts: () => {
      const counts = new Map<string, number>();
      for (const { verdict, infra } of attempts.values()) {
        const key = verdict ?? (infra === null ? 'unknown' : 'infra failure');
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      return counts;
    },
    newest: () => newest,
  };
};

/** The gap before it, then loading, checking and measuring in the order they happen. */
const stretchesOf = (attempt: Activity): readonly Stretch[] => {
  const endMs = Date.parse(attempt.finishedAt);
  const startMs = attempt.startedAt === null ? endMs : Date.parse(attempt.startedAt);
  if (attempt.infra !== null || COSTLY.has(attempt.verdict ?? ''))
    return [{ fromMs: startMs, toMs: Math.max(endMs, startMs + 1), state: 'fault' }];
  const out: Stretch[] = [];
  let at = startMs - attempt.idleGapMs;
  for (const [state, ms] of [
    ['waiting', attempt.idleGapMs],
    ['loading', attempt.loadMs],
    ['checking', attempt.checkMs],
    ['measuring', attempt.measureMs],
  ] as const) {
    if (ms > 0) out.push({ fromMs: at, toMs: at + ms, state });
    at += ms;
  }
  return out;
};
