import { describe, expect, test } from 'vitest';
import { HostView } from '../../../../src/domain/api/fleet.ts';
import { isCompileOnly, roleText } from '../../../../src/cli/output/host-role.ts';
import { FLEET } from '../../../support/server/fake-fleet.ts';
import { INVENTORY } from '../../../support/scripted-runner.ts';

const { devices: _devices, ...inventory } = INVENTORY;
const [GPU_HOST] = FLEET.hosts;
const hostOf = (changes: Partial<HostView>): HostView =>
  HostView.parse({ ...GPU_HOST, devices: [], inventory: { ...inventory, compilers: { cuda: 'NVRTC 13.0' } }, ...changes });

describe('a host without devices', () => {
  test('compiles for the hosts with its compiler', () => {
    const host = hostOf({ compilesFor: ['gpu-a', 'gpu-b'] });
    expect([isCompileOnly(host), roleText(host)]).toEqual([true, 'compiles for gpu-a, gpu-b']);
  });

  test('with a compiler that no host with GPUs has is told to change that', () => {
    expect(roleText(hostOf({}))).toContain('its compiler (NVRTC 13.0); install the same one on both');
  });

  test('and without a compiler has nothing to do', () => {
    const host = hostOf({ inventory: { ...inventory, compilers: { c: 'gcc' } } });
    expect([isCompileOnly(host), roleText(host)]).toEqual([false, expect.stringContaining('no CUDA or Triton compiler')]);
  });

  test('is nothing special while it is not connected', () => {
    const host = hostOf({ state: 'unreachable' });
    expect([isCompileOnly(host), roleText(host)]).toEqual([false, null]);
  });
});

test('a host with devices has no other part to tell of, unless it compiles for others', () => {
  const devices = GPU_HOST?.devices ?? [];
  expect(roleText(hostOf({ devices }))).toBeNull();
  expect(roleText(hostOf({ devices, compilesFor: ['gpu-a'] }))).toBe('compiles for gpu-a');
  expect(isCompileOnly(hostOf({ devices }))).toBe(false);
});
