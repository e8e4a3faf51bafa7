import { expect, test } from 'vitest';
import type { FleetView } from '../../../src/domain/api/fleet.ts';
import { createSlots } from '../../../src/sweeps/run/slots.ts';
import { FLEET } from '../../support/server/fake-fleet.ts';

const [HOST] = FLEET.hosts;
const [DEVICE] = HOST?.devices ?? [];
if (!HOST || !DEVICE) throw new Error('the fake fleet has a host with a device');

const fleetOf = (states: readonly [FleetView['hosts'][number]['state'], readonly (string | null)[]][]): FleetView => ({
  ...FLEET,
  hosts: states.map(([state, devices]) => ({
    ...HOST,
    state,
    devices: devices.map((unavailable) => ({ ...DEVICE, unavailable })),
  })),
});

test('a sweep has points on their way for the devices that take work, and for no others', async () => {
  const fleet = fleetOf([
    ['connected', [null, 'held by ada', null]],
    ['unreachable', [null]],
  ]);
  const slots = createSlots({ fleet: async () => Promise.resolve(fleet) }, () => 0);
  expect(await slots('H100')).toBe(2);
  expect(await slots('A100')).toBe(0);
});
