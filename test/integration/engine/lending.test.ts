import { describe, expect, test } from 'vitest';
import { DeviceId, HostId } from '../../../src/domain/ids.ts';
import { passed } from '../../support/server/fake-outcomes.ts';
import { type EngineScenario, scenarios } from '../../support/engine-scenario.ts';

const BOX = HostId.parse('box');
const REASON = 'lent to a command of somebody';

const lend = async (
  scenario: EngineScenario,
  wish: Parameters<EngineScenario['access']['lend']>[1],
  signal = new AbortController().signal,
) => scenario.access.lend(BOX, wish, { reason: REASON, signal });
const unavailable = async ({ kiln }: EngineScenario) =>
  (await kiln.fleet()).hosts[0]?.devices.map((device) => device.unavailable);

describe('devices that people hold', () => {
  const { oneHost } = scenarios();
  test('nothing is sent to a device that is held; what waits goes there once it is given back', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    scenario.host.begins(scenario.attempt(1, 1));
    const asked = lend(scenario, 'any');
    await scenario.expect('box: lend GPU-box-0', 'box: retract 1.1');
    // It has begun, and stays.
    scenario.host.retracted();
    await scenario.submit(2);
    expect(await unavailable(scenario)).toEqual([REASON]);
    // What runs there ends first, and its verdict counts.
    scenario.judged(1, 1, passed(1.1));
    await scenario.expect('box: ack 1.1');
    scenario.host.lends();
    const { devices, giveBack } = await asked;
    expect(devices).toEqual(['GPU-box-0']);
    giveBack();
    giveBack();
    await scenario.expect('box: give back', 'box: compile 2', 'box: judge 1.2 confirm');
    expect(await unavailable(scenario)).toEqual([null]);
  });

  test('what waits at the device comes back at once, and goes to another one of the host', async () => {
    const scenario = await oneHost(2);
    await scenario.judging(1);
    const asked = lend(scenario, [0]);
    await scenario.expect('box: lend GPU-box-0', 'box: retract 1.1');
    scenario.host.retracted(scenario.attempt(1, 1));
    await scenario.expect('box: judge 1.2 screen');
    scenario.host.lends();
    expect((await asked).devices).toEqual(['GPU-box-0']);
  });

  test('a loan ends with its host’s connection, and the device works again when it is back', async () => {
    const scenario = await oneHost();
    const asked = lend(scenario, 'all');
    await scenario.expect('box: lend GPU-box-0');
    scenario.host.lose();
    await expect(asked).rejects.toMatchObject({
      code: 'DEVICE_NOT_LENT',
      message: expect.stringContaining('its host was lost') as string,
    });
    scenario.host.connect();
    expect(await unavailable(scenario)).toEqual([null]);
  });

  test('one that is given up before it is lent is given back', async () => {
    const scenario = await oneHost();
    const abort = new AbortController();
    const asked = lend(scenario, 'any', abort.signal);
    await scenario.expect('box: lend GPU-box-0');
    abort.abort();
    await expect(asked).rejects.toMatchObject({ code: 'DEVICE_NOT_LENT' });
    await scenario.expect('box: give back');
    expect(await unavailable(scenario)).toEqual([null]);
  });

  test('what its runner refuses is told, and the device works again', async () => {
    const scenario = await oneHost();
    const asked = lend(scenario, 'any');
    await scenario.expect('box: lend GPU-box-0');
    scenario.host.lends({ code: 'device_lost', message: 'it has fallen off the bus' });
    await expect(asked).rejects.toThrow('GPU-box-0 could not be held: it has fallen off the bus');
    await scenario.expect('box: give back');
  });

  test('a device is held once at most, and wishes for what is not there say what is', async () => {
    const scenario = await oneHost();
    const asked = lend(scenario, 'any');
    await scenario.expect('box: lend GPU-box-0');
    scenario.host.lends();
    await asked;
    await expect(lend(scenario, 'any')).rejects.toMatchObject({
      code: 'DEVICE_NOT_LENT',
      message: expect.stringContaining(REASON) as string,
    });
    await expect(lend(scenario, [0])).rejects.toMatchObject({ code: 'DEVICE_NOT_LENT' });
    await expect(lend(scenario, [3])).rejects.toThrow('host box has no GPU 3; it has 0: GPU-box-0');
    await expect(lend(scenario, [DeviceId.parse('GPU-x')])).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  test('a wish that cannot be met is known before anybody waits for it', async () => {
    const scenario = await oneHost();
    expect(() => scenario.access.checkWish(BOX, 'any')).not.toThrow();
    expect(() => scenario.access.checkWish(BOX, [3])).toThrow('host box has no GPU 3; it has 0: GPU-box-0');
    await scenario.expect();
  });

  test('a candidate can ask for one host by its own label', async () => {
    const scenario = await oneHost();
    await scenario.submit(1, { labels: ['host:box'] });
    await scenario.skipTo('box: compile 1');
    expect((await scenario.kiln.candidate(scenario.id(1))).submission.labels).toEqual(['host:box']);
  });
});
