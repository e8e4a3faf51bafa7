import { expect, test } from 'vitest';
import { HostId } from '../../../src/domain/ids.ts';
import type { HostEvent, HostSession } from '../../../src/domain/ports/host-session.ts';
import { createHostSession } from '../../../src/gpu/host-session.ts';
import { ManualClock, settled } from '../../support/manual-clock.ts';
import { helloOf, INVENTORY, ScriptedTransport } from '../../support/scripted-runner.ts';

const gpu = (id: string): object => ({
  id,
  kind: 'gpu',
  model: 'NVIDIA H100 80GB HBM3',
  architecture: 'sm_90a',
  memoryBytes: 1,
  multiprocessors: 1,
  l2Bytes: 1,
  copyBytesPerSecond: null,
  unavailable: null,
});
const devices = [gpu('GPU-a'), gpu('GPU-b')];
const use = { measuringMs: 1, checkingMs: 1, loadingMs: 1, idleWithWorkMs: 1, idleWithoutWorkMs: 1, faultMs: 1, judged: 1 };

test('an inventory that is taken again is reduced to what the fleet file wants, and is the one that is known from then on', async () => {
  const transport = new ScriptedTransport();
  const events: HostEvent[] = [];
  const session: HostSession = createHostSession({
    config: {
      name: HostId.parse('box'),
      transport: { kind: 'local' },
      labels: [],
      gpus: { kind: 'listed', gpus: [0] },
      cpu: false,
      compileSlots: 7,
      runnerDir: null,
    },
    address: 'local',
    transport,
    daemonId: 'd1',
    leaseMs: 1000,
    idleExitMs: 2000,
    clock: new ManualClock(),
    random: () => 1,
    log: { info: () => undefined, warn: () => undefined },
  });
  expect(session.refresh('early')).toBe(false);
  session.start((event) => events.push(event));
  await settled();
  transport.last.send(helloOf());
  await settled();
  expect(session.refresh('r')).toBe(true);
  await settled();
  expect(transport.last.received.at(-1)).toEqual({ type: 'refresh', refreshId: 'r' });
  transport.last.send({
    type: 'inventory',
    inventory: { ...INVENTORY, gcc: 'gcc 2', devices },
    failure: null,
    refreshIds: ['r'],
  });
  transport.last.send({ type: 'inventory', inventory: null, failure: 'no luck', refreshIds: [] });
  await settled();
  const sent = { gcc: 'gcc 2', compileSlots: 7, devices: [{ id: 'GPU-a' }] };
  expect(events.slice(-2)).toMatchObject([{ frame: { inventory: sent } }, { frame: { inventory: null, failure: 'no luck' } }]);
  expect(session.inventory).toMatchObject(sent);
  transport.last.send({ type: 'health', devices, compileQueued: 0, compileRunning: 0, use: { 'GPU-a': use, 'GPU-b': use } });
  await settled();
  expect(events.at(-1)).toMatchObject({ frame: { devices: [{ id: 'GPU-a' }], use: { 'GPU-a': use } } });
});
