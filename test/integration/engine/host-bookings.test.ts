import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../../src/client/create-client.ts';
import { scenarios, type EngineScenario } from '../../support/engine-scenario.ts';
import { WRONG } from '../../support/judgements.ts';
import { createFakeKiln } from '../../support/server/fake-kiln.ts';
import { serveFake } from '../../support/server/serve-fake.ts';

const { start } = scenarios();
const HOUR_MS = 3_600_000;
const ADA = { submitter: 'ada' };
const BOB = { submitter: 'bob' };
const booked = { ...ADA, forSeconds: 3600, reason: 'numbers for the paper', device: null };
const BY = 'boss from 127.0.0.1';

/** A real server before the engine of a scenario. */
const served = async (scenario: EngineScenario) => {
  const kiln = { ...createFakeKiln() };
  const { bookHost, unbookHost, fleet, why } = scenario.kiln;
  const server = await serveFake({ kiln: Object.assign(kiln, { bookHost, unbookHost, fleet, why }) });
  onTestFinished(async () => server.stop());
  return createClient({ url: server.url, token: undefined, user: 'boss' });
};

test("a booked host lets what runs end, takes its submitter alone, says so to everybody, and is all's again when the time is over", async () => {
  const scenario = await start({ near: 1, far: 1 });
  const client = await served(scenario);
  const [near, far] = [scenario.at('near'), scenario.at('far')];
  near.connect();
  for (const n of [1, 2]) {
    await scenario.submit(n, BOB);
    await scenario.skipTo(`near: compile ${n}`);
    near.compiled(n);
    await scenario.skipTo(`near: judge ${n}.1 screen`);
  }
  near.begins(scenario.attempt(1, 1));
  const until = new Date(scenario.nowMs + HOUR_MS).toISOString();
  expect((await client.bookHost('near', booked)).booking).toMatchObject({
    submitter: 'ada',
    until,
    by: expect.stringContaining('boss') as string,
  });
  await scenario.skipTo('near: retract 2.1');
  near.retracted(scenario.attempt(2, 1));
  await scenario.after(2, 'requeued');
  const answer = await client.why(scenario.id(2));
  expect(answer).toMatchObject({ code: 'booked', summary: expect.stringContaining(`booked for ada until ${until}`) as string });
  const [view] = (await client.fleet()).hosts;
  expect([view?.booking?.submitter, view?.devices[0]?.booking?.until]).toEqual(['ada', until]);
  far.connect();
  await scenario.expect('far: compile 2');
  scenario.judged(1, 1, WRONG, near);
  await scenario.expect('near: ack 1.1');
  expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: WRONG } });
  await scenario.submit(3, ADA);
  await scenario.expect('near: compile 3');
  near.compiled(3);
  await scenario.expect('near: judge 3.1 screen');
  scenario.judged(3, 1, WRONG, near);
  await scenario.expect('near: ack 3.1');
  await scenario.cancel(2);
  await scenario.expect('far: cancel compile 2');
  far.lose();
  await scenario.submit(4, BOB);
  await scenario.expect();
  scenario.nowMs += HOUR_MS;
  await scenario.skipTo('near: compile 4');
  expect((await client.fleet()).hosts[0]?.booking).toBeNull();
  const bookings = async () =>
    (await scenario.kiln.events({ after: 0, limit: 1000 })).filter(({ type }) => type.endsWith('booked'));
  await scenario.until(async () => (await bookings()).length === 2);
  expect(await bookings()).toMatchObject([
    { type: 'host.booked', hostId: 'near', data: { submitter: 'ada', until, reason: booked.reason } },
    { type: 'host.unbooked', hostId: 'near', data: { submitter: 'ada', reason: 'its time is over' } },
  ]);
  await scenario.skipAll();
});

test('a booking outlives the daemon, and is over where its time came meanwhile', async () => {
  const scenario = await start({ box: 1 });
  await scenario.connect();
  await scenario.kiln.bookHost(scenario.host.hostId, booked, BY);
  await scenario.stop();
  await scenario.begin();
  await scenario.connect();
  await scenario.submit(1, BOB);
  await scenario.submit(2, ADA);
  await scenario.expect('box: compile 2');
  await scenario.stop();
  scenario.nowMs += HOUR_MS;
  await scenario.begin();
  expect((await scenario.kiln.fleet()).hosts[0]?.booking).toBeNull();
  await scenario.skipAll();
});

test('one device may be booked alone, for one submitter at a time, and freed before its time', async () => {
  const scenario = await start({ box: 2 });
  await scenario.connect();
  const { hostId, deviceIds } = scenario.host;
  const [device = null, other = null] = deviceIds;
  const { kiln } = scenario;
  expect(await kiln.bookHost(hostId, { ...booked, device }, BY)).toMatchObject({ booking: null, devices: [{ device }] });
  expect(await kiln.bookHost(hostId, { ...booked, ...BOB, device: other }, BY)).toMatchObject({
    devices: [{}, { device: other }],
  });
  for (const wish of [{ ...booked, ...BOB, device }, { ...booked, ...BOB }, booked])
    await expect(kiln.bookHost(hostId, wish, BY)).rejects.toMatchObject({ code: 'ALREADY_BOOKED' });
  const longer = await kiln.bookHost(hostId, { ...booked, device, forSeconds: 7200 }, BY);
  expect(longer.devices.find((one) => one.device === device)?.booking.until).toBe(
    new Date(scenario.nowMs + 2 * HOUR_MS).toISOString(),
  );
  const freed = await kiln.unbookHost(hostId, { device, reason: 'done early' }, BY);
  expect(freed.devices.map((one) => one.device)).toEqual([other]);
  expect(await kiln.unbookHost(hostId, { device: null, reason: 'all of it' }, BY)).toEqual({
    host: hostId,
    booking: null,
    devices: [],
  });
  await expect(kiln.bookHost(hostId, { ...booked, device: 'GPU-9' as never }, BY)).rejects.toThrow(
    /no device "GPU-9"; its devices are/,
  );
  await kiln.bookHost(hostId, booked, BY);
  await expect(kiln.unbookHost(hostId, { device, reason: 'x' }, BY)).rejects.toThrow(/the whole host is booked for ada/);
});
