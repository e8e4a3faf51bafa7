/** What each device did over the last minutes, as stretches of time. Pure but for its own memory. */
import type { Activity } from '../../domain/api/activity.ts';
import type { DeviceLane, LanesView } from '../../domain/api/lanes.ts';

export const LANE_STATES = ['measuring', 'checking', 'loading', 'waiting', 'fault'] as const;
export type LaneState = (typeof LANE_STATES)[number];

export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: LaneState;
}

export interface LaneHistory {
  /** What was before the first attempts that are told one by one. Returns it, by device. */
  begin(lanes: LanesView): ReadonlyMap<string, readonly Stretch[]>;
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

/**
 * What comes is counted once and leaves once: attempts are kept in the order they came, which is that of their finish but for a moment, and
 * each answer costs what is new in it, however much the window holds.
 */
export const createLaneHistory = (windowMs: number): LaneHistory => {
  const attempts = new Map<string, { readonly endMs: number; readonly verdict: string; readonly count: number }>();
  const counts = new Map<string, number>();
  const lanes = new Map<string, Stretch[]>();
  let newest: string | null = null;

  const count = (verdict: string, by: number): void => {
    const left = (counts.get(verdict) ?? 0) + by;
    if (left > 0) counts.set(verdict, left);
    else counts.delete(verdict);
  };

  const trim = (nowMs: number): void => {
    const fromMs = nowMs - windowMs;
    for (const [id, own] of attempts) {
      if (own.endMs >= fromMs && attempts.size <= ATTEMPTS_MAX) break;
      attempts.delete(id);
      count(own.verdict, -own.count);
    }
    for (const stretches of lanes.values()) {
      const kept = stretches.findIndex(({ toMs }) => toMs >= fromMs);
      stretches.splice(0, kept < 0 ? stretches.length : kept);
    }
  };

  return {
    begin: (told) => {
      const sinceMs = Date.parse(told.since);
      for (const { endMs, verdict, count: many } of told.verdicts) {
        attempts.set(`${endMs} ${verdict}`, { endMs: sinceMs + endMs, verdict, count: many });
        count(verdict, many);
      }
      const begun = new Map(told.devices.map((lane) => [lane.deviceId, summedUp(lane, sinceMs)]));
      for (const [deviceId, stretches] of begun) lanes.set(deviceId, [...stretches]);
      newest = told.until;
      return begun;
    },
    add: (list, nowMs) => {
      const fresh = new Map<string, Stretch[]>();
      for (const attempt of list) {
        if (attempts.has(attempt.attemptId)) continue;
        const verdict = verdictOf(attempt);
        attempts.set(attempt.attemptId, { endMs: Date.parse(attempt.finishedAt), verdict, count: 1 });
        count(verdict, 1);
        if (newest === null || attempt.finishedAt > newest) newest = attempt.finishedAt;
        const own = stretchesOf(attempt);
        pushTo(fresh, attempt.deviceId, own);
        pushTo(lanes, attempt.deviceId, own);
      }
      if (fresh.size > 0) trim(nowMs);
      return fresh;
    },
    stretchesOf: (deviceId) => lanes.get(deviceId) ?? [],
    lastEndMs: (deviceId) => lanes.get(deviceId)?.at(-1)?.toMs ?? null,
    verdicts: () => counts,
    newest: () => newest,
  };
};

const verdictOf = ({ verdict, infra }: Activity): string => verdict ?? (infra === null ? 'unknown' : 'infra failure');

const pushTo = (lists: Map<string, Stretch[]>, key: string, items: readonly Stretch[]): void => {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [...items]);
  else list.push(...items);
};

/** Of each step, one after the other until the last of its attempts ended. */
const summedUp = (lane: DeviceLane, sinceMs: number): readonly Stretch[] =>
  lane.endMs.flatMap((end, step) => {
    const spent = LANE_ORDER.map((state) => [state, lane[`${state}Ms`][step] ?? 0] as const).filter(([, ms]) => ms > 0);
    let at = sinceMs + end - spent.reduce((sum, [, ms]) => sum + ms, 0);
    return spent.map(([state, ms]) => ({ fromMs: at, toMs: (at += ms), state }));
  });
const LANE_ORDER = ['waiting', 'loading', 'checking', 'measuring', 'fault'] as const;

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
