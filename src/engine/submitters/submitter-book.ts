/**
 * Weights and limits of submitters, as they are in force: written before they hold, told to the scheduler, which keeps to them. Device minutes are counted
 * by day (UTC): what was used is asked of the store where a limit begins to hold, and forgotten with the day.
 */
import type { z } from 'zod';
import type { SetSubmitter, SubmitterView } from '../../domain/api/submitters.ts';
import type { SubmitterControl } from '../../domain/ports/submitters.ts';
import { LIMITS_DEFAULT, type SubmitterLimits, type SubmitterSettings } from '../../domain/submitters.ts';
import { snapshot, usedMsOf } from '../../scheduler/scheduler.ts';
import type { Rules } from '../../scheduler/state.ts';
import type { SubmittersSlice } from '../state.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 3_600_000;

export interface SubmitterBook extends SubmitterControl {
  limitsOf(submitter: string): SubmitterLimits;
  /** At a start, before anything is judged. */
  recover(): Promise<void>;
  onTick(): void;
}

export const createSubmitterBook = (state: SubmittersSlice): SubmitterBook => {
  const settings = new Map<string, SubmitterSettings>();
  let day = 0;

  const today = (): number => Math.floor(state.now() / DAY_MS);
  const tell = (): void => state.apply({ type: 'submitters-set', rules: rulesOf([...settings.values()]) });
  const limited = (): readonly string[] =>
    [...settings.values()].flatMap((one) => (one.gpuMinutesMax === null ? [] : [one.submitter]));
  const count = async (): Promise<void> => {
    day = today();
    const used = await state.store.deviceTime(limited(), new Date(day * DAY_MS).toISOString());
    state.apply({ type: 'usage-set', usedMs: new Map(used.map(({ submitter, ms }) => [submitter, ms])) });
  };
  const viewOf = (name: string, rows: Counts): SubmitterView => {
    const set = settings.get(name);
    const { weight, runningMax, queuedMax, gpuMinutesMax } = set ?? LIMITS_DEFAULT;
    return {
      submitter: name,
      weight,
      runningMax,
      queuedMax,
      gpuMinutesMax,
      since: set?.since ?? null,
      by: set?.by ?? null,
      ...countsOf(name, rows),
      gpuMinutesToday: gpuMinutesMax === null ? null : usedMsOf(state.core, name) / MINUTE_MS,
    };
  };
  const counts = async (): Promise<Counts> => ({
    unfinished: Map.groupBy((await state.store.backlog()).rows, ({ submitter }) => submitter),
    running: new Map(snapshot(state.core).bySubmitter.map(({ submitter, running }) => [submitter, running])),
  });

  return {
    limitsOf: (submitter) => settings.get(submitter) ?? LIMITS_DEFAULT,
    recover: async () => {
      for (const one of await state.store.submitterSettings()) settings.set(one.submitter, one);
      await count();
      tell();
    },
    onTick: () => {
      if (day === today()) return;
      day = today();
      state.apply({ type: 'usage-set', usedMs: new Map() });
    },
    list: async () => {
      const now = await counts();
      const names = new Set([...settings.keys(), ...now.unfinished.keys()]);
      return { submitters: [...names].toSorted().map((name) => viewOf(name, now)) };
    },
    set: async (submitter, change, by) => {
      const { weight, runningMax, queuedMax, gpuMinutesMax } = settings.get(submitter) ?? LIMITS_DEFAULT;
      const next: SubmitterSettings = {
        weight,
        runningMax,
        queuedMax,
        gpuMinutesMax,
        ...given(change),
        submitter,
        since: new Date(state.now()).toISOString(),
        by,
      };
      await state.store.keepSubmitter(next);
      const begins = gpuMinutesMax === null && next.gpuMinutesMax !== null;
      settings.set(submitter, next);
      if (begins) await count();
      tell();
      return viewOf(submitter, await counts());
    },
    clear: async (submitter) => {
      await state.store.dropSubmitter(submitter);
      settings.delete(submitter);
      tell();
      return viewOf(submitter, await counts());
    },
  };
};

/** As the scheduler keeps to them. */
const rulesOf = (settings: readonly SubmitterSettings[]): ReadonlyMap<string, Rules> =>
  new Map(
    settings.map(({ submitter, weight, runningMax, gpuMinutesMax }) => [
      submitter,
      { weight, runningMax, deviceMsMax: gpuMinutesMax === null ? null : gpuMinutesMax * MINUTE_MS },
    ]),
  );

interface Counts {
  readonly unfinished: ReadonlyMap<string, readonly { readonly count: number }[]>;
  readonly running: ReadonlyMap<string, number>;
}

const countsOf = (name: string, { unfinished, running }: Counts): { readonly waiting: number; readonly running: number } => {
  const all = (unfinished.get(name) ?? []).reduce((sum, row) => sum + row.count, 0);
  const now = Math.min(running.get(name) ?? 0, all);
  return { waiting: all - now, running: now };
};

const given = (change: z.output<typeof SetSubmitter>): Partial<SubmitterLimits> =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
