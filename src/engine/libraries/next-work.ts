/** Which library program is timed next, and which runs nobody needs any more. Reads the state, changes nothing. */
import type { DeviceId } from '../../domain/ids.ts';
import type { LibraryRunRow } from '../../domain/ports/store-rows.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import { hostSnapshot, snapshot } from '../../scheduler/scheduler.ts';
import { bookingOf, isTrusted, recordsAll, type HostState } from '../host-state.ts';
import type { LibrariesSlice } from '../state.ts';
import { type LibraryPlace, placesOf, workAt } from './places.ts';
import type { LibraryWork } from './runs.ts';

type Looking = Pick<LibrariesSlice, 'problems' | 'hosts' | 'core' | 'libraryRuns'>;

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
  const open = wanted.filter(({ work, place }) => state.libraryRuns.of(work) === null && !running.has(place.device));
  return (
    open.find((one) =>
      one.place.devices.some(({ host, deviceId }) => idle.has(deviceId) && recordsAll(host, one.loaded.environments('gpu'))),
    ) ?? null
  );
};

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
export const obsoleteRuns = (state: Looking): readonly LibraryRunRow[] => {
  const unfinished = state.libraryRuns.all().filter(isUnfinished);
  if (unfinished.length === 0) return [];
  const wanted = wantedOf(state);
  const current = new Set(wanted.map(({ work }) => state.libraryRuns.of(work)));
  const models = new Set(wanted.map(({ place }) => place.deviceModel));
  return unfinished.filter((run) => !current.has(run) && (models.has(run.key.deviceModel) || !isOfProblem(state, run)));
};

const isOfProblem = ({ problems }: Pick<Looking, 'problems'>, { problem, problemVersion, key }: LibraryRunRow): boolean => {
  const loaded = problems.get(problem);
  return loaded?.library?.hash === key.hash && loaded.contentHash('gpu') === problemVersion;
};

const isUnfinished = (run: LibraryRunRow | null): boolean => run !== null && run.state.status !== 'done';
