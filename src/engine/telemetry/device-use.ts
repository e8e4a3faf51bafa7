/** Where each device's time went over the last minute, from the totals its runner reports. Pure but for its own memory. */
import type { DeviceView } from '../../domain/api/fleet.ts';
import type { FromRunner } from '../../domain/protocol.ts';
import type { Telemetry } from '../../domain/measurement.ts';
import { createRecentTimes } from './recent-times.ts';

const WINDOW_MS = 60_000;
const SAMPLES_MAX = 64;

type Totals = Extract<FromRunner, { type: 'health' }>['use'][string];
interface Sample {
  readonly atMs: number;
  readonly totals: Totals;
}

export interface DeviceUse {
  onHealth(totals: Totals, nowMs: number): void;
  onGap(gapMs: number): void;
  /** At the end of a judgement. */
  onTelemetry(telemetry: Telemetry, nowMs: number): void;
  /** A restarted runner counts from zero again. */
  reset(): void;
  view(): Pick<DeviceView, 'use' | 'idleGapMs' | 'judged' | 'telemetry'>;
}

export const createDeviceUse = (): DeviceUse => {
  let samples: Sample[] = [];
  let last: { readonly telemetry: Telemetry; readonly atMs: number } | null = null;
  const gaps = createRecentTimes();
  return {
    onHealth: (totals, nowMs) => {
      samples = [...samples.filter((sample) => nowMs - sample.atMs <= WINDOW_MS), { atMs: nowMs, totals }].slice(-SAMPLES_MAX);
    },
    onGap: (gapMs) => gaps.add(gapMs),
    onTelemetry: (telemetry, atMs) => {
      last = { telemetry, atMs };
    },
    reset: () => {
      samples = [];
    },
    view: () => ({
      use: sharesOf(samples),
      idleGapMs: gaps.quantiles(),
      judged: samples.at(-1)?.totals.judged ?? 0,
      telemetry: last && telemetryAt(last.telemetry, last.atMs),
    }),
  };
};

const telemetryAt = ({ deviceId: _device, ...told }: Telemetry, atMs: number): DeviceView['telemetry'] => ({
  ...told,
  at: new Date(atMs).toISOString(),
});

const NOTHING = { measuring: 0, checking: 0, loading: 0, idleWithWork: 0, idleWithoutWork: 0, faults: 0, profiling: 0 };

const allOf = ({ judged: _judged, ...times }: Totals): number =>
  Object.values(times).reduce((sum: number, ms) => sum + (ms ?? 0), 0);

const sharesOf = (samples: readonly Sample[]): DeviceView['use'] => {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last.atMs <= first.atMs) return NOTHING;
  const spentMs = (of: (totals: Totals) => number): number => Math.max(0, of(last.totals) - of(first.totals));
  // Frames may come late, the first of a connection most of all: what the runner counted between two of them is no more than all of the time.
  const elapsedMs = Math.max(last.atMs - first.atMs, spentMs(allOf));
  const share = (of: (totals: Totals) => number): number => spentMs(of) / elapsedMs;
  return {
    measuring: share((totals) => totals.measuringMs),
    checking: share((totals) => totals.checkingMs),
    loading: share((totals) => totals.loadingMs),
    idleWithWork: share((totals) => totals.idleWithWorkMs),
    idleWithoutWork: share((totals) => totals.idleWithoutWorkMs),
    faults: share((totals) => totals.faultMs),
    profiling: share((totals) => totals.profilingMs ?? 0),
  };
};
