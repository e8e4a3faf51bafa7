import { describe, expect, test } from 'vitest';
import { queueView } from '../../../../src/engine/answers/queue-view.ts';
import { HostId } from '../../../../src/domain/ids.ts';
import type { BacklogRow } from '../../../../src/domain/ports/store-rows.ts';
import type { HostSession } from '../../../../src/domain/ports/host-session.ts';
import type { Bundles } from '../../../../src/engine/compiling/bundles.ts';
import { createHost } from '../../../../src/engine/hosts/create-host.ts';
import { Scenario } from '../../../support/scheduler/scenario.ts';

const row = (device: string, count: number): BacklogRow => ({ device, submitter: 's', count });
const viewOf = (
  { core }: Scenario,
  rows: readonly BacklogRow[],
  { paused = [], connecting = [] }: { readonly paused?: readonly BacklogRow[]; readonly connecting?: readonly string[] } = {},
) =>
  queueView({
    core,
    hosts: new Map(connecting.map((name) => [HostId.parse(name), hostOf(name)])),
    store: { backlog: async () => ({ rows, oldestSubmittedAtMs: 0 }), paused: async () => paused },
    now: () => 20_000,
    monotonicMs: () => 20_000,
    verdictRate: { perSecond: () => 1 },
  });

/** Not heard of yet. */
const hostOf = (name: string) => createHost({ hostId: name, labels: [] } as unknown as HostSession, {} as Bundles);

describe('the view of the queue', () => {
  test('tells when it will be empty, which is when the slowest class is: never another time than its classes', async () => {
    const view = await viewOf(new Scenario().up(0).add(1).add(2), [row('H100', 2)]);
    const [h100] = view.byDevice;
    expect(view.throughputPerSecond).toBe(1);
    expect(h100?.etaSeconds).toBeGreaterThan(0);
    expect(view.etaSeconds).toBe(h100?.etaSeconds);
  });

  test('counts in the time of a class also those that are not leased yet', async () => {
    const scenario = new Scenario().up(0).add(1).add(2);
    const [held] = (await viewOf(scenario, [row('H100', 2)])).byDevice;
    const [all] = (await viewOf(scenario, [row('H100', 2000)])).byDevice;
    expect(all?.etaSeconds).toBeCloseTo((held?.etaSeconds ?? 0) * 1000, 6);
  });

  test('counts what is paused apart, also of a class that has nothing else', async () => {
    const view = await viewOf(new Scenario().up(0).add(1), [row('H100', 1)], { paused: [row('H100', 3), row('A100', 2)] });
    expect(view.byDevice.map(({ device, waiting, paused, blocked }) => [device, waiting, paused, blocked])).toEqual([
      ['A100', 0, 2, null],
      ['H100', 1, 3, null],
    ]);
    expect(view.etaSeconds).not.toBeNull();
  });

  test('is empty now where nothing waits', async () => {
    expect((await viewOf(new Scenario().up(0), [])).etaSeconds).toBe(0);
  });

  test('tells why a class stands of which nothing is leased yet', async () => {
    const scenario = new Scenario().up(0).lost(0).up(1, { devices: [] });
    const view = await viewOf(scenario, [row('A100', 7), row('H100', 3)]);
    expect(view.byDevice.map(({ device, blocked }) => [device, blocked])).toEqual([
      ['A100', 'no host of the fleet has the device class A100'],
      ['H100', 'all hosts with H100 are lost'],
    ]);
    const free = await viewOf(new Scenario().up(0), [row('H100', 3)]);
    expect(free.byDevice.map(({ blocked }) => blocked)).toEqual([null]);
  });

  test('says of a class that no host has told of which hosts are still connecting', async () => {
    const scenario = new Scenario().add(1, { device: 'cpu' });
    const blockedOf = async (...connecting: string[]) =>
      (await viewOf(scenario, [row('cpu', 1)], { connecting })).byDevice[0]?.blocked;
    expect(await blockedOf('local')).toBe(
      'no connected host has the device class cpu: host local is still connecting, its devices are not known yet',
    );
    expect(await blockedOf('a', 'b', 'c', 'd')).toBe(
      'no connected host has the device class cpu: hosts a, b, c and 1 more are still connecting, their devices are not known yet',
    );
    expect(await blockedOf()).toBe('no host of the fleet has the device class cpu');
  });

  test('tells no time at which it is empty while a class cannot move', async () => {
    const view = await viewOf(new Scenario().up(0).add(1).add(2, { device: 'A100' }), [row('A100', 1), row('H100', 1)]);
    expect(view.byDevice[0]).toMatchObject({ device: 'A100', blocked: 'no host of the fleet has the device class A100' });
    expect(view.etaSeconds).toBeNull();
  });
});
