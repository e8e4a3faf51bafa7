/** Where each device's time went over the last minute, from the totals its runner reports. Pure but for its own memory. */
import type { DeviceView } from '../domain/api/inspection.ts';
import type { FromRunner } from '../domain/protocol.ts';

const WINDOW_MS = 60_000;
const SAMPLES_MAX = 64;
const GAPS_MAX = 512;

type Totals = Extract<FromRunner, { type: 'health' }>['use'][string];
interface Sample {
  readonly atMs: number;
  readonly totals: Totals;
}

export interface DeviceUse {
  onHealth(totals: Totals, nowMs: number): void;
  onGap(gapMs: number): void;
  /** A restarted runner counts from zero again. */
  reset(): void;
  view(): { readonly use: DeviceView['use']; readonly idleGapMs: DeviceView['idleGapMs']; readonly judged: number };
}

export const createDeviceUse = (): DeviceUse => {
  let samples: Sample[] = [];
  const gaps: number[] = [];
  return {
    onHealth: (totals, nowMs) => {
      samples = [...samples.filter((sample) => nowMs - sample.atMs <= WINDOW_MS), { atMs: nowMs, totals }].slice(-SAMPLES_MAX);
    },
    onGap: (gapMs) => {
      gaps.push(gapMs);
      if (gaps.length > GAPS_MAX) gaps.shift();
    },
    reset: () => {
      samples = [];
    },
    view: () => ({ use: sharesOf(samples), idleGapMs: gapsOf(gaps), judged: samples.at(-1)?.totals.judged ?? 0 }),
  };
};

const NOTHING = { measuring: 0, checking: 0, loading: 0, idleWithWork: 0, idleWithoutWork: 0, faults: 0 };

const sharesOf = (samples: readonly Sample[]): DeviceView['use'] => {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last.atMs <= first.atMs) return NOTHING;
  const share = (of: (totals: Totals) => number): number =>
    Math.min(1, Math.max(0, (of(last.totals) - of(first.totals)) / (last.atMs - first.atMs)));
  return {
    measuring: share((totals) => totals.measuringMs),
    checking: share((totals) => totals.checkingMs),
    loading: share((totals) => totals.loadingMs),
    idleWithWork: share((totals) => totals.idleWithWorkMs),
    idleWithoutWork: share((totals) => totals.idleWithoutWorkMs),
    faults: share((totals) => totals.faultMs),
  };
};

const gapsOf = (gaps: readonly number[]): DeviceView['idleGapMs'] => {
  if (gaps.length === 0) return null;
  const sorted = gaps.toSorted((a, b) => a - b);
  const at = (quantile: number): number => sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
};
