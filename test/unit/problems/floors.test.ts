import { join } from 'node:path';
import { expect, test } from 'vitest';
import { peaksOf } from '../../../src/domain/ranking/device-peaks.ts';
import type { Problem } from '../../../src/domain/problem.ts';
import { boundOf, floorsOf } from '../../../src/problems/floors.ts';
import { loadProblem } from '../../../src/problems/load-problems.ts';

const { problem } = loadProblem(join(import.meta.dirname, '../../fixtures/problems/scale'));
const peaks = peaksOf({ kind: 'gpu', model: 'NVIDIA H100 80GB HBM3' });
const READ_BYTES = 4 * 16_777_216;

const withFloor = (floor: Partial<Problem['floor']>): Problem => ({ ...problem, floor: { ...problem.floor, ...floor } });

test('a memory-bound case is limited by the bytes it reads; percents count what it writes too', () => {
  const floor = floorsOf(problem, 'gpu', { peaks, copyBytesPerSecond: 1 })['16M'];
  expect(floor?.floorNs).toBeCloseTo((2 * READ_BYTES) / 3360, 3);
  expect(floor?.hardFloorNs).toBeCloseTo((READ_BYTES / 3360) * 0.9, 3);
});

test('a compute-bound case is limited by its operations on its unit', () => {
  const floor = floorsOf(withFloor({ flops: 'n * 100000', unit: 'f16_tensor' }), 'gpu', { peaks, copyBytesPerSecond: null })[
    '16M'
  ];
  expect(floor?.floorNs).toBeCloseTo((16_777_216 * 100_000) / 990e3, 0);
  expect(floor?.hardFloorNs).toBeCloseTo((0.9 * (16_777_216 * 100_000)) / 990e3, 0);
});

test('inputs so small that they may be timed from the cache are not held to the memory’s rate', () => {
  const floor = floorsOf(withFloor({ read_bytes: 33_000_000 }), 'gpu', { peaks, copyBytesPerSecond: null })['16M'];
  expect(floor?.hardFloorNs).toBeCloseTo(((33_000_000 / 3.36e12) * 1e9 * 0.9) / 4, 3);
});

test('without known peaks nothing is implausible, and percents use the measured copy rate', () => {
  expect(floorsOf(problem, 'cpu', { peaks: null, copyBytesPerSecond: 8e9 })).toEqual({
    '256K': { hardFloorNs: null, floorNs: (8 * 262_144) / 8 },
  });
  expect(floorsOf(problem, 'cpu', { peaks: null, copyBytesPerSecond: null })).toEqual({
    '256K': { hardFloorNs: null, floorNs: null },
  });
});

test('a problem is bound by what takes longest at the peaks: its bytes, or its operations', () => {
  expect(boundOf(problem, 'gpu', peaks)).toBe('memory');
  expect(boundOf(withFloor({ flops: 'n * 100000', unit: 'f16_tensor' }), 'gpu', peaks)).toBe('compute');
  expect(boundOf(problem, 'cpu', null)).toBeNull();
});
