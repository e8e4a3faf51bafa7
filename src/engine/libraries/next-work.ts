/** Which library program is timed next, and which runs nobody needs any more. Reads the state, changes nothing. */
import type { DeviceId } from '../../domain/ids.ts';
import { type BackoffLimits, doubledMs } from '../../platform/backoff.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import { hostSnapshot, snapshot } from '../../scheduler/scheduler.ts';
import { bookingOf, isTrusted, recordsAll, type HostState } from '../host-state.ts';
import type { LibrariesSlice } from '../state.ts';
import { type LibraryPlace, placesOf, workAt } from './places.ts';
import type { LibraryRun, LibraryWork } from './runs.ts';

type Looking = Pick<LibrariesSlice, 'problems' | 'hosts' | 'core' | 'libraryRuns' | 'monotonicMs'>;

/** Of a run that met nothing but failures of hosts. */
const ASKED_MAX = 5;
const ASK_AGAIN: BackoffLimits = { minMs: 10 * 60_000, maxMs: 24 * 60 * 60_000 };

export interface Wanted {
  readonly loaded: LoadedProblem;
  readonly place: LibraryPlace;
  readonly work: LibraryWork;
}

/** GPUs that take work and have none, where nothing of their class waits. */
export const idleDevices = ({ hosts, core }: Pick<Looking, 'hosts' | 'core'>): ReadonlySet<DeviceId> => {
  const waited = new Set(snapshot(core).byDevice.flatMap(({ device, waiting }) => (waiting > 0 ? [device] : [])));
  const places = placesOf({ hosts }).filter(({ device }) => !waited.has(device));
  return new Set(
    places.flatMap(({ devices }) =>
      devices.filter(({ host, deviceId }) => isIdle(core, host, deviceId)).map(({ deviceId }) => deviceId),
    ),
  );
};

const isIdle = (core: Looking['core'], host: HostState, deviceId: DeviceId): boolean => {
  const device = host.devices.find(({ id }) => id === deviceId);
  if (!device || !isTrusted(host, device) || bookingOf(host, deviceId)) return false;
  const held = hostSnapshot(core, host.session.hostId)?.devices.find((one) => one.deviceId === deviceId);
  return held?.queued === 0 && held.running === null;
};

/** One run of a class at a time. Null: there is nothing to time, or nowhere. */
export const nextWork = (state: Looking, idle: ReadonlySet<DeviceId>): Wanted | null => {
  const wanted = wantedOf(state);
  const running = new Set(wanted.filter(({ work }) => isUnfinished(state.libraryRuns.of(work))).map(({ place }) => place.device));
  const open = wanted.filter(({ place }) => !running.has(place.device));
  const isNew = ({ work }: Wanted): boolean => state.libraryRuns.of(work) === null;
  const isDue = ({ work }: Wanted): boolean => dueMs(state.libraryRuns.of(work)) <= state.monotonicMs();
  return (
    [...open.filter(isNew), ...open.filter(isDue)].find((one) =>
      one.place.devices.some(({ host, deviceId }) => idle.has(deviceId) && recordsAll(host, one.loaded.environments('gpu'))),
    ) ?? null
  );
};

/** When it is asked for again: at once where it was cancelled only because it was obsolete; never where it has a verdict or a person cancelled it. */
const dueMs = (run: LibraryRun | null): number => {
  if (run?.state.status !== 'done') return Infinity;
  const { verdict } = run.state.outcome;
  if (verdict === 'cancelled' && run.isObsolete) return run.readAtMs;
  return verdict === 'infra_failed' && run.asked < ASKED_MAX ? run.readAtMs + doubledMs(run.asked, ASK_AGAIN) : Infinity;
};

export const isAskedAgain = (run: LibraryRun): boolean => dueMs(run) < Infinity;

const wantedOf = (state: Pick<Looking, 'problems' | 'hosts'>): readonly Wanted[] => {
  const places = placesOf(state);
  return [...state.problems.values()].flatMap((loaded) =>
    places.flatMap((place) => {
      const work = workAt(loaded, place);
      return work ? [{ loaded, place, work }] : [];
    }),
  );
};

/** They wait for what is not there any more: a program, a problem or an environment that was replaced. */
export const obsoleteRuns = (state: Pick<Looking, 'problems' | 'hosts' | 'libraryRuns'>): readonly LibraryRun[] => {
  const unfinished = state.libraryRuns.all().filter(isUnfinished);
  if (unfinished.length === 0) return [];
  const wanted = wantedOf(state);
  const current = new Set(wanted.map(({ work }) => state.libraryRuns.of(work)));
  const models = new Set(wanted.map(({ place }) => place.deviceModel));
  return unfinished.filter((run) => !current.has(run) && (models.has(run.key.deviceModel) || !isOfProblem(state, run)));
};

const isOfProblem = ({ problems }: Pick<Looking, 'problems'>, { problem, problemVersion, key }: LibraryRun): boolean => {
  const loaded = problems.get(problem);
  return loaded?.library?.hash === key.hash && loaded.contentHash('gpu') === problemVersion;
};

export const isUnfinished = (run: LibraryRun | null): boolean => run !== null && run.state.status !== 'done';
