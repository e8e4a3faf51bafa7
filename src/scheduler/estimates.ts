/** How much work a pool and a device should hold, from measured times. */
import {
  AHEAD_MAX,
  AHEAD_MIN,
  AHEAD_MS,
  DISPATCH_MS,
  PREFETCH_MAX,
  PREFETCH_MS_MAX,
  SERVICE_DEFAULT_MS,
  SERVICE_SAMPLES,
  SPOOL_MS,
} from './options.ts';
import type { ClassState, Device, Pool } from './state.ts';

/** Least weight of a new sample in the running means. */
const SMOOTHING = 1 / 16;
const TIME_MIN_MS = 0.1;

/** Running mean after the `count`-th sample; the first replaces what was taken for granted. */
export const smooth = (mean: number, sample: number, count: number): number =>
  mean + (Math.max(sample, TIME_MIN_MS) - mean) * Math.max(SMOOTHING, 1 / count);

export const learnServiceTime = (device: Device, serviceMs: number): void => {
  device.samples[device.sampled % SERVICE_SAMPLES] = Math.max(serviceMs, TIME_MIN_MS);
  device.sampled += 1;
  if (device.pool) {
    learnIn(device.pool, serviceMs);
    learnIn(device.pool.class, serviceMs);
  }
  setDepth(device);
};

const learnIn = (of: Pool | ClassState, serviceMs: number): void => {
  of.judged += 1;
  of.serviceMs = smooth(of.serviceMs, serviceMs, of.judged);
};

/** Entries behind the running one that cover a round trip even when the shortest tenth of judgements comes, by time and count. */
export const setDepth = (device: Device): void => {
  const cover = Math.ceil((device.host.rttMs + SPOOL_MS + DISPATCH_MS) / shortServiceMs(device));
  const meanMs = device.pool?.serviceMs ?? SERVICE_DEFAULT_MS;
  const most = Math.min(PREFETCH_MAX - 1, Math.max(1, Math.floor(PREFETCH_MS_MAX / meanMs)));
  device.low = 1 + Math.min(most, cover);
  device.high = 1 + Math.min(most, cover + (cover >> 1));
};

/** Tenth percentile of the remembered service times. */
const shortServiceMs = (device: Device): number => {
  if (device.samples.length === 0) return SERVICE_DEFAULT_MS;
  const sorted = Float64Array.from(device.samples).toSorted();
  return sorted[Math.floor((sorted.length - 1) / 10)] ?? SERVICE_DEFAULT_MS;
};

/** How many more candidates the pool's host may compile ahead. */
export const roomOf = (pool: Pool): number => {
  if (!pool.open) return 0;
  const ahead = Math.ceil(Math.max(AHEAD_MS, 2 * pool.compileMs + pool.host.rttMs) / pool.serviceMs);
  const limit = pool.available * Math.min(AHEAD_MAX, Math.max(AHEAD_MIN, ahead));
  return Math.max(pool.host.compileSlots, limit) - pool.compiling.size - pool.ready.size;
};

/** Sets `loadMs` and `backlogMs`. A pool that cannot compile as fast as it judges counts its compile time. */
export const setLoad = (pool: Pool): void => {
  let atDevices = 0;
  for (const device of pool.devices) if (device.available) atDevices += device.entries.size;
  const devices = Math.max(1, pool.available);
  const judgeMs = ((pool.compiling.size + pool.ready.size + atDevices) * pool.serviceMs) / devices;
  const compileMs = (pool.compiling.size * pool.compileMs) / Math.max(1, pool.host.compileSlots);
  pool.loadMs = Math.max(judgeMs, compileMs);
  pool.backlogMs = (Math.max(0, pool.ready.size + atDevices - devices) * pool.serviceMs) / devices;
};
