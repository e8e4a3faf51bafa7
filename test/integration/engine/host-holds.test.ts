import { expect, test } from 'vitest';
import { HoldHost, ReleaseHost } from '../../../src/domain/hosts/hold.ts';
import { scenarios } from '../../support/engine-scenario.ts';
import { WRONG } from '../../support/judgements.ts';

const { start } = scenarios();
const BY = 'ada (operator) from 127.0.0.1';
const drain = HoldHost.parse({ state: 'draining', reason: 'the fan is replaced' });
const release = ReleaseHost.parse({ reason: 'it is back' });

test('a host that is drained finishes what runs; what waits there goes elsewhere, and it is given nothing more', async () => {
  const scenario = await start({ near: 1, far: 1 });
  const [near, far] = [scenario.at('near'), scenario.at('far')];
  near.connect();
  for (const n of [1, 2]) {
    await scenario.submit(n);
    await scenario.skipTo(`near: compile ${n}`);
    near.compiled(n);
    await scenario.skipTo(`near: judge ${n}.1 screen`);
  }
  near.begins(scenario.attempt(1, 1));
  far.connect();
  const { hold } = await scenario.kiln.holdHost(near.hostId, drain, BY);
  expect(hold).toMatchObject({ state: 'draining', reason: 'the fan is replaced', by: BY });
  await scenario.skipTo('near: retract 2.1');
  near.retracted(scenario.attempt(2, 1));
  await scenario.expect('far: compile 2');
  scenario.judged(1, 1, WRONG, near);
  await scenario.expect('near: ack 1.1');
  expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: WRONG } });
  await scenario.submit(3);
  await scenario.expect('far: compile 3');
  const [view] = (await scenario.kiln.fleet()).hosts;
  expect(view?.reason).toMatch(/draining since .* by ada \(operator\) from 127\.0\.0\.1: the fan is replaced/);
  const events = await scenario.kiln.events({ after: 0, limit: 1000 });
  expect(events.filter(({ type }) => type === 'host.held')).toMatchObject([
    { hostId: 'near', data: { by: BY, reason: drain.reason } },
  ]);
  for (const n of [2, 3]) await scenario.cancel(n);
  await scenario.expect('far: cancel compile 2', 'far: cancel compile 3');
});

test('a cordon outlives the daemon, and a host that is released takes work again', async () => {
  const scenario = await start({ box: 1 });
  scenario.host.connect();
  await scenario.kiln.holdHost(scenario.host.hostId, { ...drain, state: 'cordoned' }, BY);
  await scenario.stop();
  await scenario.begin();
  scenario.host.connect();
  await scenario.submit(1);
  await scenario.until(async () => (await scenario.kiln.fleet()).hosts[0]?.state === 'connected');
  expect((await scenario.kiln.fleet()).hosts[0]?.hold).toMatchObject({ state: 'cordoned' });
  await scenario.expect();
  expect(await scenario.kiln.releaseHost(scenario.host.hostId, release, BY)).toMatchObject({ hold: null, devices: [] });
  await scenario.expect('box: compile 1');
  await scenario.cancel(1);
  await scenario.expect('box: cancel compile 1');
});

test('one device may be held alone; names that are not there are told with those that are', async () => {
  const scenario = await start({ box: 2 });
  scenario.host.connect();
  await scenario.until(async () => (await scenario.kiln.fleet()).hosts[0]?.state === 'connected');
  const [device] = scenario.host.deviceIds;
  if (!device) throw new Error('no device');
  const held = await scenario.kiln.holdHost(scenario.host.hostId, { ...drain, device }, BY);
  expect(held).toMatchObject({ hold: null, devices: [{ device, hold: { state: 'draining' } }] });
  const [view] = (await scenario.kiln.fleet()).hosts;
  expect(view?.devices.map(({ hold }) => hold?.state ?? null)).toEqual(['draining', null]);
  await expect(scenario.kiln.holdHost('nobody' as never, drain, BY)).rejects.toThrow(/no host "nobody"; known are box/);
  await expect(scenario.kiln.holdHost(scenario.host.hostId, { ...drain, device: 'GPU-9' as never }, BY)).rejects.toThrow(
    /no device "GPU-9"; its devices are GPU-box-0, GPU-box-1/,
  );
});
