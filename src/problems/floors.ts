/** How fast a bench case could be at best, by the bytes it must move and the operations it must do. Pure. */
import { type Device, deviceClassOf } from '../domain/device.ts';
import { type DevicePeaks, peaksOf } from '../domain/ranking/device-peaks.ts';
import type { Scope } from '../domain/plan/expression.ts';
import type { Problem } from '../domain/problem.ts';
import { BoundedMap } from '../platform/bounded-map.ts';
import { type Bounds, evaluateWithin } from './plan-error.ts';
import { type Target, targetOf } from './targets.ts';

/** Room for clocks above the datasheet's: below 90 % of the bound no kernel is honest. */
const HARD_FLOOR_SHARE = 0.9;
/** A plan shorter than this may be timed in batches without a flush between (judge), so its inputs may come from the L2 cache. */
const CACHED_BELOW_NS = 10_000;
/** No GPU we know reads its L2 more than this many times faster than its memory. */
const CACHE_RATE_FACTOR = 4;

export interface CaseFloor {
  /** Nothing correct is faster: below it a time is `implausible`. Null where the device's peaks are unknown. */
  readonly hardFloorNs: number | null;
  /** The physical limit that percents are given of: all bytes at the memory's rate, or all operations at the unit's. */
  readonly floorNs: number | null;
}

export interface Ceilings {
  /** The vendor's rates; null where none are known (the cpu device). */
  readonly peaks: DevicePeaks | null;
  /** Measured rate of a large copy, bytes/s read plus written; stands in for the memory's peak where `peaks` is null. */
  readonly copyBytesPerSecond: number | null;
}

/** Bench case name -> floors on a device with these ceilings. */
export const floorsOf = (problem: Problem, target: Target, ceilings: Ceilings): Readonly<Record<string, CaseFloor>> =>
  Object.fromEntries(problem.bench[target].map(({ name, shape }) => [name, floorOf(workOf(problem, shape), ceilings)]));

/** Bench case name -> floors on this device: the same object as long as the device says the same of itself. */
export const floorsOn = (problem: Problem, device: Device): Readonly<Record<string, CaseFloor>> => {
  const { kind, model, copyBytesPerSecond } = device;
  const known = floors.get(problem) ?? new BoundedMap<string, Readonly<Record<string, CaseFloor>>>(DEVICES_MAX);
  floors.set(problem, known);
  const key = `${kind}\n${model}\n${copyBytesPerSecond}`;
  const found =
    known.get(key) ?? floorsOf(problem, targetOf(deviceClassOf(device)), { peaks: peaksOf(device), copyBytesPerSecond });
  if (!known.has(key)) known.set(key, found);
  return found;
};

/** Every judgement asks for them, before and after. */
const DEVICES_MAX = 1024;
const floors = new WeakMap<Problem, BoundedMap<string, Readonly<Record<string, CaseFloor>>>>();

/** Which limit a kernel that does the least work meets first, over all bench cases. Null where the device's peaks are unknown. */
export const boundOf = (problem: Problem, target: Target, peaks: DevicePeaks | null): 'memory' | 'compute' | null => {
  if (!peaks) return null;
  const works = problem.bench[target].map(({ shape }) => workOf(problem, shape));
  const bytes = works.reduce((sum, { readBytes, writeBytes }) => sum + readBytes + writeBytes, 0);
  const operationsNs = works.reduce((sum, work) => sum + work.operationsNs(peaks), 0);
  return nanoseconds(bytes, peaks.memoryBytesPerSecond) >= operationsNs ? 'memory' : 'compute';
};

export interface Work {
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly flops: number;
  readonly operationsNs: (peaks: DevicePeaks) => number;
}

const floorOf = (work: Work, { peaks, copyBytesPerSecond }: Ceilings): CaseFloor => {
  const bytes = work.readBytes + work.writeBytes;
  if (!peaks) return { hardFloorNs: null, floorNs: copyBytesPerSecond === null ? null : nanoseconds(bytes, copyBytesPerSecond) };
  const operationsNs = work.operationsNs(peaks);
  const floorNs = Math.max(nanoseconds(bytes, peaks.memoryBytesPerSecond), operationsNs);
  return { hardFloorNs: Math.max(leastReadNs(work, peaks), operationsNs) * HARD_FLOOR_SHARE, floorNs };
};

const leastReadNs = (work: Work, peaks: DevicePeaks): number => {
  const fromMemory = nanoseconds(work.readBytes, peaks.memoryBytesPerSecond);
  return fromMemory < CACHED_BELOW_NS ? fromMemory / CACHE_RATE_FACTOR : fromMemory;
};

const nanoseconds = (amount: number, perSecond: number): number => (amount / perSecond) * 1e9;

const AMOUNT: Bounds = { min: 0, max: Number.MAX_SAFE_INTEGER, of: 'an amount of work' };

/** Bytes and operations of one case. Throws PlanError naming the field of `floor`. */
export const workOf = ({ floor }: Problem, shape: Scope): Work => {
  const amount = (field: 'read_bytes' | 'write_bytes' | 'flops'): number =>
    evaluateWithin(floor[field], { field: `floor.${field}`, scope: shape, bounds: AMOUNT });
  const flops = amount('flops');
  return {
    readBytes: amount('read_bytes'),
    writeBytes: amount('write_bytes'),
    flops,
    operationsNs: (peaks) => nanoseconds(flops, peaks.flopsPerSecond[floor.unit]),
  };
};
