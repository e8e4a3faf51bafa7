/** Where library programs can be timed: models of GPUs whose hosts record programs, each with an environment and a driver. */
import type { DeviceClass } from '../../domain/device.ts';
import { deviceClassOf } from '../../domain/device.ts';
import type { Environment } from '../../domain/environment.ts';
import { canRecord } from '../../domain/hosts/environment-label.ts';
import type { ContentHash, DeviceId } from '../../domain/ids.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import type { HostState } from '../host-state.ts';
import type { LibrariesSlice } from '../state.ts';
import type { LibraryWork } from './runs.ts';

export interface LibraryPlace {
  readonly device: DeviceClass;
  readonly deviceModel: string;
  readonly environment: { readonly name: string; readonly key: ContentHash; readonly text: string };
  readonly driver: string | null;
  /** Any of them will do. */
  readonly devices: readonly { readonly host: HostState; readonly deviceId: DeviceId }[];
}

/** Of hosts that are away too, as they were last heard of. */
export const placesOf = ({ hosts }: Pick<LibrariesSlice, 'hosts'>): readonly LibraryPlace[] => {
  const all = [...hosts.values()].flatMap(placesOfHost);
  const alike = Map.groupBy(all, (place) =>
    [place.device, place.deviceModel, place.environment.key, place.environment.text].join('\n'),
  );
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    return first ? [{ ...first, devices: group.flatMap(({ devices }) => devices) }] : [];
  });
};

const placesOfHost = (host: HostState): readonly LibraryPlace[] => {
  const { inventory, devices } = host;
  const driver = inventory?.driver ?? null;
  const environments = (inventory?.environments ?? []).filter(canRecord);
  return devices
    .filter(({ kind }) => kind === 'gpu')
    .flatMap((device) =>
      environments.map((environment) => ({
        device: deviceClassOf(device),
        deviceModel: device.model,
        environment: { name: environment.name, key: environment.key, text: textOf(environment, driver) },
        driver,
        devices: [{ host, deviceId: device.id }],
      })),
    );
};

/** "torch 2.11.0, CUDA 13.0, driver 580.65.06" */
const textOf = ({ name, torch, cuda }: Environment, driver: string | null): string =>
  [
    torch === null ? name : `torch ${torch}`,
    ...(cuda === null ? [] : [`CUDA ${cuda}`]),
    ...(driver === null ? [] : [`driver ${driver}`]),
  ].join(', ');

/** What there is to time at a place: null where the problem names no program, or one of another environment. */
export const workAt = ({ problem, library, contentHash }: LoadedProblem, place: LibraryPlace): LibraryWork | null => {
  const { device, deviceModel, environment } = place;
  if (library === null || library.program.environment !== environment.name) return null;
  return {
    problem: problem.name,
    problemVersion: contentHash('gpu'),
    device,
    key: { hash: library.hash, deviceModel, environment: environment.text },
    environmentKey: environment.key,
  };
};
