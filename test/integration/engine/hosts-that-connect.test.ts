import { describe, expect, test } from 'vitest';
import { HoldHost, ReleaseHost } from '../../../src/domain/hosts/hold.ts';
import type { EngineScenario } from '../../support/engine-scenario.ts';
import { scenarios } from '../../support/engine-scenario.ts';

const { start } = scenarios();
const LEAVES = { reason: 'it is not in the fleet any more', shutdownRunner: false };
const BY = 'ada (operator) from 127.0.0.1';

const stateOf = async (scenario: EngineScenario): Promise<string | undefined> => (await scenario.kiln.fleet()).hosts[0]?.state;

const compiles = async (scenario: EngineScenario, n: number): Promise<void> => {
  await scenario.expect(`box: compile ${n}`);
  await scenario.cancel(n);
  await scenario.expect(`box: cancel compile ${n}`);
};

describe('a host that connects', () => {
  test('is connected once its device models’ records are known, and not before', async () => {
    const scenario = await start({ box: 1 });
    await scenario.submit(1);
    const asked = scenario.hold('records');
    scenario.host.connect();
    await asked;
    expect(await stateOf(scenario)).toBe('connecting');
    scenario.release();
    await compiles(scenario, 1);
    expect(await stateOf(scenario)).toBe('connected');
  });

  test('while the store is away takes work once it answers again', async () => {
    const scenario = await start({ box: 1 });
    await scenario.submit(1);
    const asked = scenario.hold('records');
    scenario.host.connect();
    await asked;
    scenario.fail();
    await compiles(scenario, 1);
    expect(await stateOf(scenario)).toBe('connected');
  });

  test('and leaves the fleet before the store answers is given nothing: all goes to others', async () => {
    const scenario = await start({ box: 1, other: 1 });
    const other = scenario.at('other');
    const asked = scenario.hold('records');
    scenario.host.connect();
    await asked;
    await scenario.control.remove(scenario.host.hostId, LEAVES);
    scenario.release();
    for (const n of [1, 2]) await scenario.submit(n);
    other.connect();
    await scenario.expect('other: compile 1');
    other.compiled(1);
    await scenario.skipTo('other: compile 2');
    expect((await scenario.kiln.fleet()).hosts.map(({ name }) => name)).toEqual(['other']);
    await scenario.skipAll();
  });

  test('without room on its disk is given nothing until it has some', async () => {
    const scenario = await start({ box: 1 });
    await scenario.submit(1);
    scenario.host.connect({ unavailable: 'no space on its disk' });
    await scenario.until(async () => (await stateOf(scenario)) === 'connected');
    expect((await scenario.kiln.fleet()).hosts[0]?.reason).toBe('no space on its disk');
    await scenario.expect();
    scenario.host.health(null);
    await compiles(scenario, 1);
  });
});

test('a host that joins changes nothing of what is said of others meanwhile', async () => {
  const scenario = await start({ box: 1 });
  scenario.host.connect();
  await scenario.until(async () => (await stateOf(scenario)) === 'connected');
  await scenario.kiln.holdHost(scenario.host.hostId, HoldHost.parse({ state: 'cordoned', reason: 'the fan is replaced' }), BY);
  const asked = scenario.hold('holds');
  const added = scenario.control.add(scenario.newHost('other', 0));
  await asked;
  await scenario.kiln.releaseHost(scenario.host.hostId, ReleaseHost.parse({ reason: 'it is back' }), BY);
  scenario.release();
  await added;
  expect((await scenario.kiln.fleet()).hosts.map(({ hold }) => hold)).toEqual([null, null]);
});
