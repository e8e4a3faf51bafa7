/** One candidate as the scheduler has it, and the devices of its class: what an answer to "why does it wait" is made from. */
import type { AttemptId, CandidateId, DeviceId, HostId } from '../domain/ids.ts';
import { type ClassState, type CoreState, type Entry, type Group, isBefore, type Pool } from './state.ts';
import { costOf } from './fair-share.ts';
import { inOrder, isNext, type Line } from './waiting.ts';

export type TaskPlace =
  | { readonly kind: 'pending' }
  | { readonly kind: 'backoff'; readonly untilMs: number | null }
  | { readonly kind: 'compiling'; readonly hostId: HostId; readonly sinceMs: number }
  | { readonly kind: 'ready'; readonly hostId: HostId; readonly sinceMs: number }
  | {
      readonly kind: 'judge';
      readonly hostId: HostId;
      readonly deviceId: DeviceId;
      readonly attemptId: AttemptId;
      readonly isRunning: boolean;
      /** While it is away: when the attempt is given up. */
      readonly hostAwayUntilMs: number | null;
    };

export interface TaskView {
  readonly place: TaskPlace;
  readonly confirm: { readonly model: string | null; readonly untilMs: number | null } | null;
  readonly isCancelled: boolean;
  readonly infraFailures: number;
  /** Hosts that failed it. */
  readonly excluded: readonly HostId[];
  readonly ahead: Ahead;
  /** Of its class, closed ones too. */
  readonly pools: readonly PoolView[];
}

/** How many come before it, of those that share a device with it. */
export interface Ahead {
  readonly all: number;
  readonly ofOthers: number;
  /** By a priority of their own; the others by shares and arrival. */
  readonly moreUrgent: number;
}

export interface PoolView {
  readonly hostId: HostId;
  readonly model: string;
  /** The submitter whose candidates alone it takes, or null. */
  readonly bookedFor: string | null;
  /** May take the candidate now. */
  readonly isMatch: boolean;
  readonly available: number;
  readonly ready: number;
  readonly serviceMs: number;
  readonly compileMs: number;
  /** Whether these times were measured; otherwise they are assumed. */
  readonly isMeasured: boolean;
  readonly devices: readonly PoolDevice[];
}

export interface PoolDevice {
  readonly id: DeviceId;
  readonly available: boolean;
  readonly queued: number;
  readonly isRunning: boolean;
}

export const taskViewOf = (core: CoreState, id: CandidateId): TaskView | null => {
  const entry = core.tasks.get(id);
  if (!entry) return null;
  const { confirm, group } = entry;
  return {
    place: placeOf(entry),
    confirm: confirm && { model: confirm.model, untilMs: entry.deadline?.item.atMs ?? null },
    isCancelled: entry.cancelled,
    infraFailures: entry.infraFailures,
    excluded: entry.excluded,
    ahead: aheadOf(entry),
    pools: poolsOf(group.class, group),
  };
};

/** Of a class, for a candidate that is not held. */
export const poolViews = (core: CoreState, device: string): readonly PoolView[] => {
  const state = core.classes.get(device);
  return state ? poolsOf(state, null) : [];
};

const placeOf = (entry: Entry): TaskPlace => {
  const { place, deadline } = entry;
  switch (place.kind) {
    case 'pending':
      return { kind: 'pending' };
    case 'backoff':
    case 'done':
      return { kind: 'backoff', untilMs: deadline?.item.atMs ?? null };
    case 'compiling':
    case 'ready':
      return { kind: place.kind, hostId: place.pool.host.id, sinceMs: place.sinceMs };
    case 'judge':
      return {
        kind: 'judge',
        hostId: place.host.id,
        deviceId: place.device.id,
        attemptId: place.attemptId,
        isRunning: place.device.running === entry,
        hostAwayUntilMs: place.host.up ? null : (place.host.deadline?.item.atMs ?? deadline?.item.atMs ?? null),
      };
  }
};

const NONE: Ahead = { all: 0, ofOthers: 0, moreUrgent: 0 };

const aheadOf = (entry: Entry): Ahead => {
  switch (entry.place.kind) {
    case 'pending':
      return sumOf([...entriesBefore(entry)], entry);
    case 'ready':
      return sumOf([...before(entry, entry.place.pool.ready), ...atDevices(entry.place.pool)], entry);
    case 'judge':
      return sumOf([...entry.place.device.entries].slice(0, [...entry.place.device.entries].indexOf(entry)), entry);
    case 'compiling':
    case 'backoff':
    case 'done':
      return NONE;
  }
};

/** All that the devices it may go to have, and what of others waits before it for one of them. */
function* entriesBefore(entry: Entry): Generator<Entry> {
  const { group, level } = entry;
  const begins = level.given + behindOwn(entry) * costOf(level);
  for (const other of group.class.active) {
    if (![...other.pools].some((pool) => group.pools.has(pool))) continue;
    for (const line of other.waiting.lines()) yield* beforeIn(line, entry, begins);
  }
  for (const pool of group.pools) {
    yield* pool.compiling;
    yield* before(null, pool.ready);
    yield* atDevices(pool);
  }
}

function* atDevices(pool: Pool): Generator<Entry> {
  for (const device of pool.devices) yield* device.entries;
}

/**
 * Of a line, those that come before `entry`, as far as it can be told: by the device time that either submitter will have been given by then, if
 * judgements go on taking what they take. `begins`: what its own will have been given when its turn comes.
 */
const beforeIn = (line: Line, entry: Entry, begins: number): readonly Entry[] => {
  const rank = entry.confirm ? 0 : entry.level.priority;
  const other = line.isConfirming ? 0 : line.level.priority;
  if (other > rank) return [];
  const entries = inOrder(line);
  if (line.level === entry.level && line.isConfirming === (entry.confirm !== null)) {
    const at = entries.indexOf(entry);
    return at < 0 ? entries.filter((one) => isNext(one, entry)) : entries.slice(0, at);
  }
  if (other < rank) return entries;
  const cost = costOf(line.level);
  return entries.filter((one, at) => {
    const given = line.level.given + at * cost;
    return given < begins || (given === begins && isNext(one, entry));
  });
};

/** How many of its own line come before it. */
const behindOwn = (entry: Entry): number => {
  let behind = 0;
  for (const line of entry.level.lines) {
    if (line.isConfirming !== (entry.confirm !== null) || line.owner !== entry.group.waiting) continue;
    behind += Math.max(0, inOrder(line).indexOf(entry));
  }
  return behind;
};

/** Of a heap, those that come before `entry`; all, where it is null. */
function* before(entry: Entry | null, heap: Pool['ready']): Generator<Entry> {
  for (let at = 0; at < heap.size; at += 1) {
    const other = heap.at(at);
    if (other && other !== entry && (entry === null || isBefore(other, entry))) yield other;
  }
}

const sumOf = (entries: readonly Entry[], { task, confirm }: Entry): Ahead => ({
  all: entries.length,
  ofOthers: entries.filter((other) => other.task.submitter !== task.submitter).length,
  moreUrgent: confirm ? 0 : entries.filter((other) => other.confirm !== null || other.task.priority < task.priority).length,
});

const poolsOf = ({ pools }: ClassState, group: Group | null): readonly PoolView[] =>
  [...pools].map((pool) => ({
    hostId: pool.host.id,
    model: pool.model,
    bookedFor: pool.bookedFor,
    isMatch: group?.pools.has(pool) ?? false,
    available: pool.available,
    ready: pool.ready.size,
    serviceMs: pool.serviceMs,
    compileMs: pool.compileMs,
    isMeasured: pool.judged > 0,
    devices: [...pool.devices].map(({ id, available, entries, running }) => ({
      id,
      available,
      queued: entries.size - (running ? 1 : 0),
      isRunning: running !== null,
    })),
  }));
