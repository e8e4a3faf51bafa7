import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { refreshedText } from '../../../../src/cli/commands/fleet.ts';
import { ContentHash, DeviceId, HostId } from '../../../../src/domain/ids.ts';
import { CompileUnit, type FromRunner, type Inventory } from '../../../../src/domain/protocol.ts';
import { newConnection } from '../../../../src/engine/host-state.ts';
import type { HostState } from '../../../../src/engine/host-state.ts';
import type { EngineState } from '../../../../src/engine/state.ts';
import { createBundles } from '../../../../src/engine/compiling/bundles.ts';
import { createHost } from '../../../../src/engine/hosts/create-host.ts';
import { onHostEvent } from '../../../../src/engine/host-events.ts';
import type { HostSession } from '../../../../src/domain/ports/host-session.ts';
import { refreshHosts, REFRESH_MS_MAX } from '../../../../src/engine/hosts/refresh.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';
import type { SchedulerEvent } from '../../../../src/scheduler/events.ts';
import { INVENTORY } from '../../../support/scripted-runner.ts';

const HOST = HostId.parse('box');
const UNIT = CompileUnit.parse({ language: 'c', source: 'int f;', params: {}, architecture: 'native' });
const CPU = {
  id: DeviceId.parse('cpu-0'),
  kind: 'cpu',
  model: 'EPYC',
  architecture: 'native',
  memoryBytes: 1,
  multiprocessors: 1,
  l2Bytes: 1,
  copyBytesPerSecond: null,
  unavailable: null,
} as const satisfies Inventory['devices'][number];
const BARE: Inventory = { ...INVENTORY, languages: [], devices: [CPU], compilers: {}, warnings: ['no gcc on this host'] };
const WITH_GCC: Inventory = { ...BARE, gcc: 'gcc 1', languages: ['c'], compilers: { c: 'gcc 1 for x' }, warnings: [] };

let asked: string[];
let events: SchedulerEvent[];
let journal: unknown[];
let state: EngineState;
let host: HostState;

beforeEach(() => {
  asked = [];
  events = [];
  journal = [];
  const session = {
    hostId: HOST,
    labels: [],
    roundTripMs: 1,
    refresh: (id: string) => {
      asked.push(id);
      return host.connection.state === 'connected';
    },
  } as Partial<HostSession> as HostSession;
  host = {
    ...createHost(session, createBundles()),
    connection: newConnection([]),
    runnerId: 'r',
    inventory: BARE,
    devices: BARE.devices,
  };
  host.known.add(UNIT, {
    status: 'compiled',
    artifact: ContentHash.parse('b'.repeat(64)),
    cached: false,
    durationMs: 1,
    log: '',
    compiler: 'gcc 1 for x',
    resources: {},
  });
  const parts: Partial<EngineState> = {
    isRunning: () => true,
    problems: loadProblems(join(import.meta.dirname, '../../../../kernels')),
    recordHolders: { ensure: async () => undefined } as Partial<EngineState['recordHolders']> as EngineState['recordHolders'],
    fronts: { ensure: async () => undefined } as Partial<EngineState['fronts']> as EngineState['fronts'],
    writeBehind: { add: (item: unknown) => void journal.push(item) } as Partial<
      EngineState['writeBehind']
    > as EngineState['writeBehind'],
    log: pino({ level: 'silent' }),
    eventLoopDelayMs: () => 0,
    active: new Map(),
    profiles: new Map(),
    hosts: new Map([[HOST, host]]),
    compileHosts: new Set(),
    apply: (event) => void events.push(event),
  };
  state = parts as EngineState;
});

const sendInventory = async (frame: Omit<Extract<FromRunner, { type: 'inventory' }>, 'type'>): Promise<void> =>
  onHostEvent(state, { type: 'frame', hostId: HOST, frame: { type: 'inventory', ...frame } });
const found = async (inventory: Inventory, refreshIds: string[] = []): Promise<void> =>
  sendInventory({ inventory, failure: null, refreshIds });

describe('an inventory that is taken again', () => {
  test('opens the host to a language that it has a compiler for now, and is written to the journal with old and new', async () => {
    await found(WITH_GCC);
    expect(events).toMatchObject([{ type: 'host-changed', host: { hostId: HOST, languages: ['c'] } }]);
    expect(host.inventory).toEqual(WITH_GCC);
    const changes = [
      { what: 'gcc', old: null, new: 'gcc 1' },
      { what: 'languages', old: null, new: 'c' },
      { what: 'compiler of c', old: null, new: 'gcc 1 for x' },
    ];
    expect(journal).toMatchObject([{ type: 'event', event: { type: 'host.changed', hostId: HOST, data: { changes } } }]);
  });

  test('that differs in nothing is no news', async () => {
    await found({ ...BARE, warnings: ['another'] });
    expect([events, journal, host.inventory?.warnings]).toEqual([[], [], ['another']]);
    expect(host.known.find(UNIT)).not.toBeNull();
  });

  test('with another version of a compiler: what the old one compiled is not taken for compiled', async () => {
    await found(WITH_GCC);
    host.known.add(UNIT, {
      status: 'compiled',
      artifact: ContentHash.parse('c'.repeat(64)),
      cached: false,
      durationMs: 1,
      log: '',
      compiler: 'gcc 1 for x',
      resources: {},
    });
    await found({ ...WITH_GCC, ncu: '2026' });
    expect(host.known.find(UNIT)).not.toBeNull();
    await found({ ...WITH_GCC, gcc: 'gcc 2', compilers: { c: 'gcc 2 for x' } });
    expect(host.known.find(UNIT)).toBeNull();
  });

  test('makes a host without a GPU a compile host, or not one any more', async () => {
    await found({ ...WITH_GCC, nvrtc: 'NVRTC 13', compilers: { ...WITH_GCC.compilers, cuda: 'NVRTC 13' } });
    expect([...state.compileHosts]).toEqual([host]);
    await found(WITH_GCC);
    expect([...state.compileHosts]).toEqual([]);
  });

  test('tells of a device that is available no more', async () => {
    await found({ ...BARE, devices: [{ ...CPU, unavailable: 'in use' }] });
    expect(events).toMatchObject([{ host: { devices: [{ deviceId: 'cpu-0', available: false }] } }]);
    const changes = [{ what: 'device cpu-0', old: 'EPYC', new: 'EPYC, unavailable: in use' }];
    expect(journal).toMatchObject([{ event: { data: { changes } } }]);
  });
});

describe('a refresh that somebody asked for', () => {
  test('is answered with what changed once the inventory comes that names it', async () => {
    const answer = refreshHosts(state, HOST);
    await found(BARE, ['of another']);
    await found(WITH_GCC, asked);
    const refreshed = await answer;
    expect(refreshed).toMatchObject({ hosts: [{ host: HOST, status: 'changed', reason: null }] });
    expect(refreshedText(refreshed)).toContain('box: gcc: none -> gcc 1\n');
    const again = refreshHosts(state, null);
    await found(WITH_GCC, asked);
    expect(refreshedText(await again)).toBe('box: nothing changed');
    expect(host.refreshes.size).toBe(0);
  });

  test('tells when the inventory could not be taken; what was known stays', async () => {
    const answer = refreshHosts(state, HOST);
    await sendInventory({ inventory: null, failure: 'no luck', refreshIds: asked });
    expect(refreshedText(await answer)).toBe('box: failed: no luck');
    expect(host.inventory).toBe(BARE);
  });

  test('of a host that is away, or goes away, says so', async () => {
    const answer = refreshHosts(state, HOST);
    host.connection = { state: 'unreachable', reason: 'away', nextRetryAtMs: null };
    expect(await refreshHosts(state, HOST)).toMatchObject({ hosts: [{ status: 'unreachable' }] });
    host.connection = newConnection([]);
    await onHostEvent(state, { type: 'lost', hostId: HOST, reason: 'gone', retryAtMs: null });
    expect(await answer).toMatchObject({ hosts: [{ status: 'unreachable', reason: 'gone' }] });
  });

  test('is answered in time even where the inventory takes long', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const answer = refreshHosts(state, HOST);
    await vi.advanceTimersByTimeAsync(REFRESH_MS_MAX);
    expect(await answer).toMatchObject({ hosts: [{ status: 'pending' }] });
    vi.useRealTimers();
    await found(WITH_GCC, asked);
    expect(host.inventory).toEqual(WITH_GCC);
  });

  test('of a host that nobody knows is refused with those that are known', async () => {
    await expect(refreshHosts(state, HostId.parse('other'))).rejects.toThrow('there is no host "other"; known are box');
  });
});
