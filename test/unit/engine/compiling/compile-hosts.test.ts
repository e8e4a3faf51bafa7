import { describe, expect, test } from 'vitest';
import type { HostId } from '../../../../src/domain/ids.ts';
import { ProgramUnit } from '../../../../src/domain/program-unit.ts';
import { KernelUnit } from '../../../../src/domain/protocol.ts';
import { createBundles } from '../../../../src/engine/compiling/bundles.ts';
import { chooseHost, compileHostsFor } from '../../../../src/engine/compiling/compile-hosts.ts';
import { newConnection } from '../../../../src/engine/host-state.ts';
import type { HostState } from '../../../../src/engine/host-state.ts';
import type { EngineState } from '../../../../src/engine/state.ts';
import { createNotingHost } from '../../../support/noting-host.ts';

describe('a program', () => {
  const PROGRAM = ProgramUnit.parse({
    language: 'python',
    architecture: 'sm_90a',
    files: [{ path: 'submission.py', content: 'custom_kernel = print' }],
    entry: { file: 'submission.py', symbol: 'custom_kernel', style: 'custom_kernel' },
    environment: 'torch',
  });
  const hosts = new Map<HostId, HostState>();
  const state = {
    hosts,
    compileHosts: new Set<HostState>(),
    bundles: createBundles(),
    monotonicMs: () => 0,
  } as Partial<EngineState> as EngineState;
  const buildersOf = (own: Record<string, string>, other: Record<string, string>): readonly string[] => {
    const [one, two] = [
      createNotingHost({ state, hosts }, 'gpu', { gpus: 1, compilers: own }),
      createNotingHost({ state, hosts }, 'builder', { compilers: other }),
    ];
    const how = { deviceModel: 'H100', calls: { cases: [] }, asked: null, failedAt: new Set<HostId>(), mayTransfer: true };
    const job = { hostId: one.host.session.hostId, unit: PROGRAM, ...how };
    return compileHostsFor(state, one.host, job)
      .filter((host) => host === two.host)
      .map(({ session }) => session.hostId);
  };

  test('is built for another host by one with the same environment, and by no other', () => {
    expect(buildersOf({ 'python:torch': 'environment a' }, { 'python:torch': 'environment a' })).toEqual(['builder']);
    expect(buildersOf({ 'python:torch': 'environment a' }, { 'python:torch': 'environment b' })).toEqual([]);
    expect(buildersOf({ cuda: 'same' }, { cuda: 'same' })).toEqual([]);
  });
});

describe('the choice of a host', () => {
  const units = Array.from({ length: 40 }, (_, index) =>
    KernelUnit.parse({ language: 'cuda', source: String(index), params: {}, architecture: 'sm_90a' }),
  );
  const unit = KernelUnit.parse({ language: 'cuda', source: 'new', params: {}, architecture: 'sm_90a' });
  const busy = (name: string, compileSlots: number, asked: number) => ({
    name,
    inventory: { compileSlots },
    connection: { ...newConnection([]), asked: new Map(units.slice(0, asked).map((one) => [one.source, one])) },
  });

  test.each([
    ['its own, with a slot free', busy('own', 2, 1), [busy('a', 9, 0)], 'own'],
    ['the roomiest, when its own is full', busy('own', 2, 2), [busy('a', 9, 8), busy('b', 4, 1)], 'b'],
    ['who has least to do for its slots, when all are full', busy('own', 2, 4), [busy('a', 9, 9), busy('b', 4, 5)], 'a'],
    ['its own, when all have as much to do', busy('own', 2, 2), [busy('a', 4, 4)], 'own'],
    ['its own, without others', busy('own', 2, 20), [], 'own'],
  ])('takes %s', (_why, own, others, chosen) => {
    expect(chooseHost(unit, own, others).name).toBe(chosen);
  });

  test('takes whoever compiles the same code already', () => {
    const [same = unit] = units;
    expect(chooseHost(same, busy('own', 2, 0), [busy('a', 9, 9)]).name).toBe('a');
  });
});
