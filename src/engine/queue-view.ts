/** GET /v1/queue: counts from the store (everything that waits), reasons and rates from the scheduler. */
import type { QueueView } from '../domain/api/inspection.ts';
import type { BacklogRow } from '../domain/ledger.ts';
import { snapshot } from '../scheduler/scheduler.ts';
import type { EngineState } from './engine-state.ts';

const THROUGHPUT_WINDOW_MS = 60_000;
const RUNNING: ReadonlySet<string> = new Set(['judging', 'confirming']);

export const queueView = async (state: EngineState): Promise<QueueView> => {
  const backlog = await state.store.backlog();
  const nowMs = state.now();
  const waiting = backlog.filter(({ status }) => !RUNNING.has(status));
  const oldestMs = waiting.reduce((oldest, row) => Math.min(oldest, row.oldestSubmittedAtMs), Infinity);
  const perSecond = throughput(state, nowMs);
  const left = sum(backlog);
  return {
    stages: {
      queued: countOf(backlog, 'queued'),
      compiling: countOf(backlog, 'compiling'),
      ready: countOf(backlog, 'ready'),
      judging: countOf(backlog, 'judging'),
      confirming: countOf(backlog, 'confirming'),
    },
    byDevice: byDevice(state, backlog),
    bySubmitter: bySubmitter(backlog),
    oldestSeconds: oldestMs === Infinity ? null : Math.max(0, (nowMs - oldestMs) / 1000),
    throughputPerSecond: perSecond,
    etaSeconds: etaOf(left, perSecond),
  };
};

const etaOf = (left: number, perSecond: number): number | null => {
  if (left === 0) return 0;
  return perSecond > 0 ? left / perSecond : null;
};

const sum = (rows: readonly BacklogRow[]): number => rows.reduce((total, { count }) => total + count, 0);
const countOf = (rows: readonly BacklogRow[], status: string): number => sum(rows.filter((row) => row.status === status));
const isRunning = ({ status }: BacklogRow): boolean => RUNNING.has(status);

/** Verdicts a second over the last minute, or over the daemon's life where that is shorter. */
const throughput = ({ verdictTimesMs }: EngineState, nowMs: number): number => {
  const inWindow = verdictTimesMs.filter((atMs) => atMs > nowMs - THROUGHPUT_WINDOW_MS);
  const first = inWindow[0];
  if (first === undefined) return 0;
  return (inWindow.length / Math.max(1000, nowMs - first)) * 1000;
};

const byDevice = (state: EngineState, backlog: readonly BacklogRow[]): QueueView['byDevice'] => {
  const { byDevice: classes, blocked } = snapshot(state.core);
  const names = new Set([...backlog.map(({ device }) => device), ...classes.map(({ device }) => device)]);
  return [...names].toSorted().map((device) => {
    const rows = backlog.filter((row) => row.device === device);
    const known = classes.find((item) => item.device === device);
    const reasons = blocked.filter((item) => item.device === device).map(({ reason }) => reason);
    const waiting = sum(rows.filter((row) => !isRunning(row)));
    return {
      device,
      waiting,
      running: sum(rows.filter(isRunning)),
      slots: known?.slots ?? 0,
      blocked: waiting === 0 ? null : (known?.blocked ?? reasons[0] ?? null),
      etaSeconds: known?.etaMs === null || known?.etaMs === undefined ? null : known.etaMs / 1000,
    };
  });
};

const bySubmitter = (backlog: readonly BacklogRow[]): QueueView['bySubmitter'] => {
  const submitters = Map.groupBy(backlog, ({ submitter }) => submitter);
  return [...submitters]
    .map(([submitter, rows]) => ({
      submitter,
      waiting: sum(rows.filter((row) => !isRunning(row))),
      running: sum(rows.filter(isRunning)),
    }))
    .toSorted((a, b) => b.waiting + b.running - (a.waiting + a.running) || a.submitter.localeCompare(b.submitter));
};
