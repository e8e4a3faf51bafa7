/**
 * Keeps the sweeps of a daemon going: drives each whenever something happened to it, retries what is unavailable, saves how long they ran.
 *
 * Modes: created; running (after `start`); stopped (what is submitted is judged on; the rest goes on at the next start).
 */
import type { Logger } from 'pino';
import type { SweepId } from '../../domain/ids.ts';
import { KilnError } from '../../domain/errors.ts';
import type { SweepJudging } from '../../domain/ports/kiln.ts';
import type { SweepChange, SweepStore } from '../../domain/ports/sweeps.ts';
import type { SweepRow } from '../../domain/sweep/sweep.ts';
import { createRounds } from '../../platform/rounds.ts';
import { createSignal, type Signal } from '../../platform/signal.ts';
import { drive, type DriveDeps, isPassing } from './drive.ts';
import { createDrives } from './drives.ts';
import { followVerdicts, type VerdictNews } from './follow-verdicts.ts';
import { createSlots } from './slots.ts';
import { createRun, isThrough, ranMsOf, type SweepRun } from './sweep-run.ts';

/** Budgets of time end between verdicts too; what a journal could not report is looked at. */
const LOOK_MS = 1000;
const RECHECK_MS = 30_000;
const SAVE_MS = 10_000;

export interface RunnerDeps {
  readonly store: SweepStore;
  readonly judging: SweepJudging;
  readonly log: Logger;
  readonly monotonicMs: () => number;
}

export interface SweepRunner {
  readonly runs: ReadonlyMap<SweepId, SweepRun>;
  /** Something was reported of this sweep, or it is over. */
  readonly news: Signal<SweepId>;
  /** Throws KilnError where it cannot go on. */
  open(id: SweepId): Promise<SweepRun | null>;
  /** Durable when it resolves. */
  change(run: SweepRun, change: SweepChange): Promise<void>;
  /** Resolves when it has been taken as far as it went when this was called. */
  idle(id: SweepId): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const createRunner = ({ store, judging, log, monotonicMs }: RunnerDeps): SweepRunner => {
  const [runs, news] = [new Map<SweepId, SweepRun>(), createSignal<SweepId>()];
  let isStopped = false;
  const follower = followVerdicts({
    judging,
    log,
    isWanted: () => runs.size > 0,
    onNews: (reported) => passOn([...runs.values()], reported).forEach((run) => drives.wake(run)),
  });
  const rounds = createRounds((what, error) => log.warn({ err: error }, what));

  const change = async (run: SweepRun, given: SweepChange): Promise<void> => {
    await store.updateSweep(run.record.id, { ...given, ranMs: ranMsOf(run, monotonicMs()) });
    // Not before: what could not be written has not happened, and is tried again.
    applyChange(run, given, monotonicMs());
    news.emit(run.record.id);
    drives.wake(run);
  };
  const deps: DriveDeps = {
    store,
    judging,
    monotonicMs,
    slots: createSlots(judging, monotonicMs),
    finish: async (run, reason) => change(run, { status: 'finished', reason }),
    onReported: ({ record }) => news.emit(record.id),
  };
  const drives = createDrives({
    drive: async (run) => drive(run, deps),
    onRest: (run) => isThrough(run) && runs.delete(run.record.id) && news.emit(run.record.id),
    onFailure: async (run, error) => {
      if (isPassing(error)) return true;
      log.error({ err: error, sweepId: run.record.id }, 'a sweep cannot go on');
      if (!stopsAt(run, error)) return true;
      await change(run, { status: 'paused', reason: cannotGoOn(error) }).catch(() => undefined);
      return false;
    },
  });
  const open = async (id: SweepId): Promise<SweepRun | null> => runs.get(id) ?? begin(await store.sweepRow(id));
  const begin = async (record: SweepRow | null): Promise<SweepRun | null> => {
    if (record?.spec == null) return null;
    const { id, spec } = record;
    const candidate = await store.sweepCandidate(id);
    if (candidate === null) return null;
    // Somebody else may have opened it meanwhile.
    const run = runs.get(id) ?? createRun({ ...record, spec }, candidate);
    run.runningSinceMs ??= record.status === 'running' ? monotonicMs() : null;
    runs.set(id, run);
    await follower.begin();
    drives.wake(run);
    return run;
  };
  const wakeAll = async (): Promise<void> => [...runs.values()].forEach((run) => drives.wake(run));
  const recheck = async (): Promise<void> => {
    for (const run of runs.values()) expectAll(run);
    await wakeAll();
    for (const record of await leftOut(store, runs)) await begin(record);
  };

  return {
    runs,
    news,
    open,
    change,
    idle: async (id) => drives.idle(id),
    start: async () => {
      for (const record of await store.openSweeps())
        await begin(record).catch(async (error: unknown) => setAside({ store, log }, record, error));
      rounds.every(LOOK_MS, wakeAll, 'sweeps could not be looked at');
      rounds.every(RECHECK_MS, recheck, 'verdicts of sweeps could not be looked for');
      rounds.every(SAVE_MS, async () => save(runs.values(), store, monotonicMs()), 'the time that sweeps ran could not be saved');
    },
    stop: async () => {
      if (isStopped) return;
      isStopped = true;
      rounds.stop();
      follower.stop();
      for (const id of runs.keys()) news.emit(id);
      await drives.stop();
      await save(runs.values(), store, monotonicMs()).catch((error: unknown) =>
        log.warn({ err: error }, 'the time that sweeps ran could not be saved'),
      );
    },
  };
};

const applyChange = (run: SweepRun, given: SweepChange, nowMs: number): void => {
  const ranMs = ranMsOf(run, nowMs);
  const status = given.status ?? run.record.status;
  run.record = { ...run.record, ...given, spec: given.spec ?? run.record.spec, ranMs, status };
  run.runningSinceMs = status === 'running' ? nowMs : null;
};

/** What another try does not help, such as a problem that is gone, stops a sweep until a person looks. */
const stopsAt = ({ record }: SweepRun, error: unknown): error is KilnError =>
  error instanceof KilnError && record.status === 'running';

/** What was stored by other rules than today's keeps no daemon from starting: its rows stay, and a person looks. */
const setAside = async ({ store, log }: Pick<RunnerDeps, 'store' | 'log'>, { id }: SweepRow, error: unknown): Promise<void> => {
  if (!(error instanceof KilnError) || isPassing(error)) throw error;
  log.error({ err: error, sweepId: id }, 'a sweep cannot be opened: it is paused, and nothing of it is lost');
  await store.updateSweep(id, { status: 'paused', reason: cannotGoOn(error) });
};

const cannotGoOn = ({ message }: KilnError): string => `it cannot go on: ${message}`;

/** Kept as running, and with nobody at them: the store did not answer a moment later. */
const leftOut = async (store: Pick<SweepStore, 'openSweeps'>, runs: SweepRunner['runs']): Promise<readonly SweepRow[]> =>
  (await store.openSweeps()).filter(({ id, status }) => status === 'running' && !runs.has(id));

/** Returns the sweeps that it is news for. */
const passOn = (runs: readonly SweepRun[], { done, takenBack }: VerdictNews): readonly SweepRun[] =>
  runs.filter((run) => {
    const arrived = done.filter((id) => run.pending.has(id));
    const lost = takenBack.filter((id) => run.reportedIds.has(id));
    for (const id of arrived) run.arrived.add(id);
    for (const id of lost) run.takenBack.add(id);
    return arrived.length + lost.length > 0;
  });

const save = async (runs: Iterable<SweepRun>, store: Pick<SweepStore, 'updateSweep'>, nowMs: number): Promise<void> => {
  for (const run of runs)
    if (run.record.status === 'running') await store.updateSweep(run.record.id, { ranMs: ranMsOf(run, nowMs) });
};

/** In case that a verdict was missed. */
const expectAll = ({ pending, arrived }: SweepRun): void => {
  for (const id of pending.keys()) arrived.add(id);
};
