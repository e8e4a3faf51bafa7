/**
 * Has the library programs of problems timed where a device is idle: each once a problem's version, program, device model, environment and driver. They are
 * candidates of a submitter of Kiln's own, behind all others, and trials, so that none is ever ranked (ADR 27).
 */
import { PRIORITY_LIBRARY } from '../../domain/candidate.ts';
import { driverLabel, modelLabel } from '../../domain/hosts/host-label.ts';
import type { CandidateId, DeviceId } from '../../domain/ids.ts';
import { LIBRARY_SUBMITTER } from '../../domain/library.ts';
import type { NewCandidate } from '../../domain/ports/store-rows.ts';
import { snapshot } from '../../scheduler/scheduler.ts';
import { contentId } from '../content-id.ts';
import { queueAgain } from '../queue-again.ts';
import type { LibrariesSlice } from '../state.ts';
import { idleDevices, isUnfinished, nextWork, obsoleteRuns, type Wanted } from './next-work.ts';

/** A device must be idle in two looks in a row. */
const LOOK_EVERY_MS = 5_000;
/** The newest of those that were ever asked for: problems x models x environments. */
const RUNS_MAX = 10_000;

export interface Libraries {
  /** At a start, before anything is judged. */
  recover(): Promise<void>;
  onTick(): void;
  /** Their rows are written. */
  onVerdicts(ids: readonly CandidateId[]): void;
}

/** `cancel`: as a person does it. */
export const createLibraries = (state: LibrariesSlice, cancel: (id: CandidateId) => Promise<unknown>): Libraries => {
  let isLooking = false;
  let nextLookMs = -Infinity;
  let idleBefore: ReadonlySet<DeviceId> = new Set();

  const read = async (wish: Parameters<LibrariesSlice['store']['libraryRuns']>[0]): Promise<void> => {
    const runs = (await state.store.libraryRuns(wish)).toReversed();
    for (const run of runs) state.libraryRuns.put({ ...run, readAtMs: state.monotonicMs() });
  };
  const withdraw = async (ids: readonly CandidateId[]): Promise<void> => {
    if (ids.length === 0) return;
    await state.store.markObsoleteRuns(ids);
    for (const id of ids) await cancel(id);
  };
  /** What is cancelled before it is leased is told to nobody here. */
  const readUnfinished = async (): Promise<void> => {
    const ids = state.libraryRuns.all().flatMap((run) => (isUnfinished(run) ? [run.id] : []));
    if (ids.length > 0) await read({ ids });
  };
  const look = async (): Promise<void> => {
    await readUnfinished();
    const idle = idleDevices(state);
    const wanted = nextWork(state, new Set([...idle].filter((id) => idleBefore.has(id))));
    idleBefore = idle;
    await withdraw(obsoleteRuns(state).map(({ id }) => id));
    if (wanted && !(await isWaitedFor(state, wanted.place.device))) await read({ ids: [await submit(state, wanted)] });
  };
  const noted = (work: Promise<void>, what: string): Promise<void> =>
    work.catch((error: unknown) => {
      if (state.isRunning()) state.log.warn({ err: error }, `${what}; it is tried again`);
    });

  return {
    recover: async () => read({ limit: RUNS_MAX }),
    onTick: () => {
      if (!state.rules.libraryTimes || isLooking || state.monotonicMs() < nextLookMs) return;
      nextLookMs = state.monotonicMs() + LOOK_EVERY_MS;
      isLooking = true;
      void noted(look(), 'could not have a library program timed').finally(() => {
        isLooking = false;
      });
    },
    onVerdicts: (ids) => {
      const own = ids.filter((id) => state.libraryRuns.has(id));
      if (own.length > 0) void noted(read({ ids: own }), 'could not read what a library program takes');
    },
  };
};

/** Also by what is not leased from the queue yet. */
const isWaitedFor = async ({ store, core }: Pick<LibrariesSlice, 'store' | 'core'>, device: string): Promise<boolean> => {
  const { rows } = await store.backlog();
  const unfinished = rows.filter((row) => row.device === device).reduce((sum, { count }) => sum + count, 0);
  return unfinished > (snapshot(core).byDevice.find((one) => one.device === device)?.running ?? 0);
};

const submit = async (state: LibrariesSlice, wanted: Wanted): Promise<CandidateId> => {
  const candidate = candidateOf(wanted);
  const [inserted] = await state.store.insertCandidates([candidate]);
  if (inserted?.known) await state.store.reopen([candidate.id]);
  await queueAgain(state, [{ id: candidate.id, priority: PRIORITY_LIBRARY }]);
  state.notify();
  return candidate.id;
};

const candidateOf = ({ loaded, work, place: { driver } }: Wanted): NewCandidate => {
  const { problem, problemVersion, device, key, environmentKey } = work;
  if (loaded.library === null) throw new Error(`problem ${problem} has no library program`);
  const { source, program } = loaded.library;
  const shared = { problem, problemVersion, device, language: 'python', source, params: {}, trial: 1 } as const;
  const content = { ...shared, program: { ...program, environmentKey }, library: key };
  const labels = [modelLabel(key.deviceModel), ...(driver === null ? [] : [driverLabel(driver)])];
  const submission = { content, priority: PRIORITY_LIBRARY, submitter: LIBRARY_SUBMITTER, labels, sweepId: null };
  return { id: contentId(content), submission, outcome: null };
};
