import { expect, test } from 'vitest';
import { boundOfProfile } from '../../../../../src/agents/run/outcomes/profile-bound.ts';
import type { KernelProfile, ProfileSummary } from '../../../../../src/domain/profile.ts';

const kernel = (memory: number | null, compute: number | null, durationNs: number | null = 1000): KernelProfile => ({
  kernel: 'k',
  registers: 32,
  spillBytes: 0,
  sharedBytes: 0,
  occupancyTheoretical: null,
  occupancyAchieved: null,
  occupancyLimiter: null,
  durationNs,
  memoryPeakShare: memory,
  computePeakShare: compute,
  l2HitRate: null,
  bankConflictShare: null,
  stalls: [],
});
const summary = (...kernels: KernelProfile[]): ProfileSummary => ({
  source: 'ncu',
  note: null,
  case: '4M',
  deviceModel: 'NVIDIA H100',
  kernels,
});

test('the unit that is nearer to its peak bounds a candidate, by the time its kernels take', () => {
  expect(boundOfProfile(summary(kernel(0.8, 0.2)))).toBe('memory');
  expect(boundOfProfile(summary(kernel(0.2, 0.5)))).toBe('compute');
  expect(boundOfProfile(summary(kernel(0.9, 0.1, 10), kernel(0.2, 0.5, 1000)))).toBe('compute');
});

test('what was not measured bounds nothing', () => {
  expect(boundOfProfile(summary())).toBeNull();
  expect(boundOfProfile(summary(kernel(null, null), kernel(0.5, null)))).toBeNull();
});
