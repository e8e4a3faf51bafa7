/** A fleet of one host with devices of these models, as the API shows it. */
import { FleetView } from '../../../src/domain/api/fleet.ts';
import { INVENTORY } from '../scripted-runner.ts';
import { deviceClassOf } from '../../../src/domain/device.ts';
import type { Environment } from '../../../src/domain/environment.ts';

export interface DeviceFacts {
  readonly model: string;
  readonly architecture?: string;
  readonly unavailable?: string;
  readonly copyBytesPerSecond?: number | null;
}

const NO_USE = { measuring: 0, checking: 0, loading: 0, idleWithWork: 0, idleWithoutWork: 0, faults: 0 };

/** `environments`: null where its host has told nothing yet. */
const { devices: _devices, ...withoutDevices } = INVENTORY;

export const fleetOf = (devices: readonly DeviceFacts[], environments: readonly Environment[] | null = null): FleetView =>
  FleetView.parse({
    hosts: [
      {
        name: 'box',
        transport: 'local',
        address: 'local',
        labels: [],
        state: 'connected',
        reason: null,
        nextRetryAt: null,
        roundTripMs: 1,
        inventory: environments && { ...withoutDevices, environments },
        devices: devices.map((device, n) => deviceOf(device, n)),
        compilesFor: [],
        compile: { queued: 0, running: 0, compiled: 0, cached: 0, failed: 0, timeMs: null },
      },
    ],
    stages: { queued: null, compiling: null, ready: null, judging: null, confirming: null },
  });

const deviceOf = ({ model, architecture, unavailable, copyBytesPerSecond = 2.6e12 }: DeviceFacts, n: number) => ({
  id: `GPU-${n}`,
  kind: 'gpu',
  model,
  architecture: architecture ?? 'sm_90a',
  memoryBytes: 85e9,
  multiprocessors: 132,
  l2Bytes: 52_428_800,
  copyBytesPerSecond,
  unavailable: unavailable ?? null,
  class: deviceClassOf({ kind: 'gpu', model }),
  queued: 0,
  running: null,
  judged: 0,
  use: NO_USE,
  idleGapMs: null,
});
