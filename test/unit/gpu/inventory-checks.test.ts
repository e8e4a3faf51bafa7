import { describe, expect, test } from 'vitest';
import type { Device } from '../../../src/domain/device.ts';
import type { Environment } from '../../../src/domain/environment.ts';
import type { HostConfig } from '../../../src/domain/fleet.ts';
import { DeviceId, HostId } from '../../../src/domain/ids.ts';
import type { Inventory } from '../../../src/domain/protocol.ts';
import { selectInventory } from '../../../src/gpu/device-selection.ts';
import { inspectInventory, inspectUnrecorded } from '../../../src/gpu/inventory-checks.ts';
import { INVENTORY } from '../../support/scripted-runner.ts';
import { TORCH as RECORDING } from '../../support/torch-environment.ts';

const HOST: HostConfig = {
  name: HostId.parse('box'),
  transport: { kind: 'command', argv: ['x'] },
  labels: [],
  gpus: { kind: 'all' },
  cpu: false,
  compileSlots: null,
  runnerDir: null,
};
const GPU: Device = {
  id: DeviceId.parse('GPU-a'),
  kind: 'gpu',
  model: 'NVIDIA H100',
  architecture: 'sm_90a',
  memoryBytes: 1,
  multiprocessors: 132,
  l2Bytes: 1,
  copyBytesPerSecond: null,
  unavailable: null,
};
const inspect = (change: Partial<Inventory>, others: Partial<HostConfig> = {}): readonly string[] => {
  const inventory = { ...INVENTORY, ...change };
  const host = { ...HOST, ...others };
  return [...inspectInventory(inventory, host), ...inspectUnrecorded(inventory, host, null)].map(
    ({ check, ok, found }) => `${ok ? 'ok' : 'MISSING'} ${check}: ${found}`,
  );
};
const TORCH: Environment = { ...RECORDING, triton: null, recorder: 'none' };
const NAMED = { environments: [{ name: 'torch', python: '/opt/t/bin/python3' }] };
const FULL: Partial<Inventory> = { driver: '580', nvrtc: '13.0', devices: [GPU] };

describe('the inventory of a host', () => {
  test('with driver, GPU and NVRTC lacks nothing', () => {
    expect(inspect(FULL)).toEqual(['ok driver: 580', 'ok GPU: 1 x NVIDIA H100', 'ok CUDA compiler: NVRTC 13.0']);
  });

  test('says which problems it cannot judge, since their reference is a program of an environment that it does not record', () => {
    const needed = new Map([['torch', ['softmax', 'gelu']]]);
    const judgedWith = (inventory: Partial<Inventory>): readonly string[] =>
      inspectInventory({ ...INVENTORY, ...inventory }, HOST, needed).flatMap(({ check, ok, found }) =>
        check === 'problems' ? [`${ok}: ${found}`] : [],
      );
    const missing =
      'false: environment_missing: it cannot judge softmax, gelu, whose reference is a program of environment torch, since it records none of it';
    expect(judgedWith(FULL)).toEqual([missing]);
    expect(judgedWith({ ...FULL, environments: [TORCH] })).toEqual([missing]);
    expect(judgedWith({ ...FULL, environments: [{ ...TORCH, recorder: 'cupti' }] })).toEqual([]);
    expect(judgedWith({})).toEqual([]);
  });

  test.each<[string, Partial<Inventory>, Partial<HostConfig>, string]>([
    ['no GPU at all', {}, {}, 'MISSING GPU: none'],
    ['no GPU, but the CPU is offered', {}, { cpu: true }, 'ok GPU: none; work for the cpu device only'],
    ['a listed GPU that is not there', FULL, { gpus: { kind: 'listed', gpus: [3] } }, 'MISSING GPU: the fleet file lists GPU 3'],
    ['no compiler for the GPU', { ...FULL, nvrtc: null }, {}, 'MISSING CUDA compiler: neither NVRTC nor nvcc'],
    ['only nvcc', { ...FULL, nvrtc: null, nvcc: '13.0' }, {}, 'ok CUDA compiler: nvcc 13.0'],
    ['no gcc for the CPU', FULL, { cpu: true }, 'MISSING gcc: not found'],
    [
      'a device in use by others',
      { ...FULL, devices: [{ ...GPU, unavailable: 'foreign process 7' }] },
      {},
      'MISSING device: NVIDIA H100 GPU-a: foreign process 7',
    ],
    [
      'a GPU whose kernels reach the memory of the host',
      { ...FULL, devices: [{ ...GPU, hostMemory: 'HMM' }] },
      {},
      "MISSING device: NVIDIA H100 GPU-a: kernels on it reach the memory of the host's processes (HMM)",
    ],
    [
      'such a GPU where the fleet file allows it',
      { ...FULL, devices: [{ ...GPU, hostMemory: 'HMM' }] },
      { allowHostMemoryAccess: true },
      "ok note: NVIDIA H100 GPU-a: kernels on it reach the memory of the host's processes (HMM), and the fleet file allows it",
    ],
    ['compilers in namespaces', { confinement: { level: 'namespaces', why: '' } }, {}, 'ok confinement: by namespaces'],
    ['compilers behind Landlock', { confinement: { level: 'landlock', why: 'EPERM' } }, {}, 'ok confinement: by Landlock'],
    [
      'nothing around compilers',
      { confinement: { level: 'none', why: 'EPERM' } },
      {},
      'MISSING confinement: the host confines no compiler: EPERM',
    ],
    [
      'nothing around compilers, as the fleet file allows',
      { confinement: { level: 'none', why: 'EPERM' } },
      { compileUnconfined: true },
      'ok confinement: none',
    ],
    [
      'an environment for programs',
      { ...FULL, environments: [TORCH] },
      {},
      'ok environment: torch: Python 3.12.3, PyTorch 2.11.0, CUDA 13.0; sandbox namespaces, bounds by control group; recorder none',
    ],
    [
      'an environment that nobody named and whose programs nothing holds',
      { ...FULL, environments: [{ ...TORCH, sandbox: { ...TORCH.sandbox, level: 'none' } }] },
      {},
      'ok environment: torch: ',
    ],
    [
      'a named one whose programs nothing holds',
      { ...FULL, environments: [{ ...TORCH, sandbox: { ...TORCH.sandbox, level: 'none' } }] },
      NAMED,
      'MISSING environment: torch: ',
    ],
    [
      'a named one that cannot be used',
      { ...FULL, warnings: ['environment torch cannot be used: it has no torch'] },
      NAMED,
      'MISSING environment: environment torch cannot be used: it has no torch (/opt/t/bin/python3)',
    ],
    ['a named one of which nothing is known', FULL, NAMED, 'MISSING environment: environment torch was not found'],
    ['a warning of the runner', { ...FULL, warnings: ['no ncu: apt-get install it'] }, {}, 'ok note: no ncu: apt-get install it'],
  ])('%s', (...[, inventory, host, line]) => {
    expect(inspect(inventory, host)).toContainEqual(expect.stringContaining(line));
  });

  test('an environment that no host of the fleet records is missing something, and says what to add', () => {
    const inventory = { ...INVENTORY, environments: [TORCH] };
    const [alone] = inspectUnrecorded(inventory, HOST, new Set());
    expect(alone).toMatchObject({ check: 'environment', ok: true });
    expect(alone?.found).toMatch(/^torch: .*; recorder none; no host of the fleet that answered records programs of torch$/);
    expect(alone?.remedy).toContain('add a host with an NVIDIA GPU');
    expect(inspectUnrecorded(inventory, HOST, new Set(['torch']))).toMatchObject([
      { check: 'environment', ok: true, remedy: null },
    ]);
    expect(inspectUnrecorded({ ...inventory, environments: [RECORDING] }, HOST, new Set())).toEqual([]);
  });

  test('says how to keep kernels from the memory of the host, and how to allow it', () => {
    const checks = inspectInventory({ ...INVENTORY, ...FULL, devices: [{ ...GPU, hostMemory: 'HMM' }] }, HOST);
    expect(checks.find(({ check }) => check === 'device')?.remedy).toMatch(/uvm_disable_hmm=1.*allowHostMemoryAccess: true/);
    expect(inspectInventory({ ...INVENTORY, ...FULL, devices: [{ ...GPU, hostMemory: null }] }, HOST)).toEqual(
      inspectInventory({ ...INVENTORY, ...FULL }, HOST),
    );
  });

  test('a host without GPUs on purpose is asked for none, and compiles for others', () => {
    expect(inspect({}, { gpus: { kind: 'none' }, cpu: true })).not.toContainEqual(expect.stringContaining('GPU'));
    const compilers = { cuda: 'NVRTC 13.0', triton: 'Triton 3.6', c: 'gcc' };
    expect(inspect({ compilers }, { gpus: { kind: 'none' } })).toEqual([
      'ok compile only: for hosts with GPUs and the same compiler: NVRTC 13.0; Triton 3.6',
    ]);
  });

  test('a host with neither devices nor a compiler has nothing to do', () => {
    expect(inspect({ compilers: { c: 'gcc' } }, { gpus: { kind: 'none' } })).toEqual([
      'MISSING work: nothing to do: no device and no CUDA or Triton compiler',
    ]);
  });

  test('a host that confines nothing offers no language unless the fleet file allows it', () => {
    const inventory = { ...INVENTORY, languages: ['c' as const], confinement: { level: 'none' as const, why: 'EPERM' } };
    expect(selectInventory(inventory, HOST).languages).toEqual([]);
    expect(selectInventory(inventory, { ...HOST, compileUnconfined: true }).languages).toEqual(['c']);
    expect(selectInventory({ ...inventory, confinement: { level: 'landlock', why: '' } }, HOST).languages).toEqual(['c']);
  });

  test('every failure says what to do', () => {
    const failures = inspectInventory({ ...INVENTORY }, { ...HOST, cpu: true, gpus: { kind: 'listed', gpus: ['x'] } }).filter(
      ({ ok }) => !ok,
    );
    expect(failures.map(({ remedy }) => remedy !== null && remedy.length > 10)).toEqual([true, true]);
  });
});
