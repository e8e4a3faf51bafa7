import { describe, expect, test } from 'vitest';
import type { Device } from '../../../src/domain/device.ts';
import { sessionRig } from '../../support/host-session-rig.ts';
import { settled } from '../../support/manual-clock.ts';

const device = (id: string, kind: 'gpu' | 'cpu'): Device =>
  ({
    id,
    kind,
    model: 'M',
    architecture: 'sm_90a',
    memoryBytes: 1,
    multiprocessors: 1,
    l2Bytes: 1,
    copyBytesPerSecond: null,
    unavailable: null,
  }) as Device;

describe('the fleet file decides which devices take work', () => {
  const devices = [device('GPU-a', 'gpu'), device('cpu-0', 'cpu'), device('GPU-b', 'gpu')];

  test.each([
    ['all GPUs, no CPU', {}, ['GPU-a', 'GPU-b']],
    ['CPU too', { cpu: true }, ['GPU-a', 'cpu-0', 'GPU-b']],
    ['no GPU', { gpus: { kind: 'none' as const } }, []],
    ['by index among the GPUs', { gpus: { kind: 'listed' as const, gpus: [1] } }, ['GPU-b']],
    ['by UUID', { gpus: { kind: 'listed' as const, gpus: ['GPU-a'] } }, ['GPU-a']],
  ])('%s', async (_name, wishes, ids) => {
    const { events, session, start, connect } = sessionRig(wishes);
    await start();
    await connect({ devices });
    expect(session.inventory?.devices.map(({ id }) => id)).toEqual(ids);
    const [connected] = events;
    expect(connected?.type === 'connected' && connected.hello.inventory.devices.map(({ id }) => id)).toEqual(ids);
  });

  test('health tells only of those, and of what keeps them from work by the fleet file', async () => {
    const { events, transport, start, connect } = sessionRig({ gpus: { kind: 'listed', gpus: [0] } });
    await start();
    await connect({ devices });
    const use = { measuringMs: 1, checkingMs: 1, loadingMs: 1, idleWithWorkMs: 1, idleWithoutWorkMs: 1, faultMs: 1, judged: 1 };
    const both = { 'GPU-a': use, 'GPU-b': use };
    const expected = devices.map((one) => ({ ...one, hostMemory: 'HMM' }));
    transport.last.send({ type: 'health', devices: expected, compileQueued: 0, compileRunning: 0, use: both });
    await settled();
    const unavailable = "kernels on it reach the memory of the host's processes (HMM)";
    expect(events.at(-1)).toMatchObject({ frame: { devices: [{ id: 'GPU-a', unavailable }], use: { 'GPU-a': use } } });
    expect(JSON.stringify(events.at(-1))).not.toContain('GPU-b');
  });

  test('a listed GPU that is not there becomes a warning; compile slots are overridden', async () => {
    const { session, start, connect } = sessionRig({ gpus: { kind: 'listed', gpus: [0, 5] }, compileSlots: 7 });
    await start();
    await connect({ devices });
    expect(session.inventory?.compileSlots).toBe(7);
    expect(session.inventory?.warnings).toEqual([
      'the fleet file lists GPU 5, which the host does not have (it has 0: GPU-a, 1: GPU-b); correct gpus',
    ]);
  });
});
