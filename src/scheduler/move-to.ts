/** The one setter of an entry's place: keeps every index, count and deadline in step. */
import { canMove } from '../domain/candidate.ts';
import { KilnError } from '../domain/errors.ts';
import { armEntry, disarm } from './deadlines.ts';
import { charge, lookAtLimits, noteBegun, placeSoon, refund } from './fair-share.ts';
import { type Counted, type CoreState, type Entry, type Judging, type Place, touch } from './state.ts';

/** Moves the entry. Emits nothing. Throws ILLEGAL_TRANSITION, with nothing moved, where candidates may not move so. */
export const moveTo = (core: CoreState, entry: Entry, place: Place): void => {
  requireMove(entry, place);
  leave(core, entry);
  disarm(core, entry);
  entry.place = place;
  enter(core, entry);
  recount(core, entry);
  if (entry.confirm && (place.kind === 'pending' || place.kind === 'compiling' || place.kind === 'ready')) {
    armEntry(core, entry, core.nowMs + core.options.confirmWaitMs);
  }
};

/** Places of one status may follow one another: what waits in a heap and what backs off are both queued. */
const requireMove = (entry: Entry, place: Place): void => {
  const from = entry.place.kind === 'done' ? 'done' : entry.counted;
  const counted = countedAt(place, entry.confirm);
  const to = counted === 'none' ? 'done' : counted;
  if (from === 'none' || (from === to && from !== 'done') || canMove(from, to)) return;
  throw new KilnError('ILLEGAL_TRANSITION', `candidate ${entry.task.id} is ${from} and cannot become ${to}`);
};

/** It is no longer asked back: it started, or its host was attached again. */
export const keepThere = (core: CoreState, judging: Judging): void => {
  const to = judging.retract?.to;
  judging.retract = null;
  if (!to) return;
  to.incoming -= 1;
  touch(core, to);
};

const leave = (core: CoreState, entry: Entry): void => {
  const { place } = entry;
  switch (place.kind) {
    case 'pending':
      place.group.waiting.remove(entry);
      if (place.group.waiting.size === 0) place.group.class.active.delete(place.group);
      if (place.group.pools.size > 0) core.runnable -= 1;
      return;
    case 'compiling':
      place.pool.compiling.delete(entry);
      touch(core, place.pool);
      return;
    case 'ready':
      place.pool.ready.remove(entry.order);
      entry.share.ready.delete(entry);
      touch(core, place.pool);
      return;
    case 'judge':
      leaveJudge(core, entry, place);
      return;
    case 'backoff':
    case 'done':
      return;
  }
};

const leaveJudge = (core: CoreState, entry: Entry, judging: Judging): void => {
  keepThere(core, judging);
  core.attempts.delete(judging.attemptId);
  judging.host.attempts.delete(entry);
  judging.device.entries.delete(entry);
  if (judging.device.running === entry) judging.device.running = null;
  if (judging.device.pool) touch(core, judging.device.pool);
};

const enter = (core: CoreState, entry: Entry): void => {
  const { place } = entry;
  switch (place.kind) {
    case 'pending':
      refund(entry);
      place.group.waiting.push(entry);
      place.group.class.active.add(place.group);
      if (place.group.pools.size > 0) core.runnable += 1;
      placeSoon(core, place.group);
      return;
    case 'compiling':
      charge(entry);
      place.pool.compiling.add(entry);
      touch(core, place.pool);
      return;
    case 'ready':
      charge(entry);
      place.pool.ready.push(entry.order);
      entry.share.ready.add(entry);
      touch(core, place.pool);
      return;
    case 'judge':
      charge(entry);
      noteBegun(place.device.pool, entry);
      core.attempts.set(place.attemptId, entry);
      place.host.attempts.add(entry);
      place.device.entries.add(entry);
      if (place.device.pool) touch(core, place.device.pool);
      return;
    case 'backoff':
    case 'done':
      refund(entry);
      return;
  }
};

const COUNTED = {
  pending: 'queued',
  backoff: 'queued',
  compiling: 'compiling',
  ready: 'ready',
  done: 'none',
} as const satisfies Partial<Record<Place['kind'], Counted>>;

export const countedAs = ({ place, confirm }: Entry): Counted => countedAt(place, confirm);

const countedAt = (place: Place, confirm: Entry['confirm']): Counted => {
  if (place.kind === 'judge') return confirm ? 'confirming' : 'judging';
  return COUNTED[place.kind];
};

export const isWaiting = (counted: Counted): boolean => counted === 'queued' || counted === 'compiling' || counted === 'ready';
const isInWork = (counted: Counted): boolean => counted !== 'none' && counted !== 'queued';
const isRunning = (counted: Counted): boolean => counted === 'judging' || counted === 'confirming';

const recount = (core: CoreState, entry: Entry): void => {
  const before = entry.counted;
  const after = countedAs(entry);
  if (before === after) return;
  entry.counted = after;
  if (before !== 'none') core.stages[before] -= 1;
  if (after !== 'none') core.stages[after] += 1;
  const waiting = Number(isWaiting(after)) - Number(isWaiting(before));
  const running = Number(isRunning(after)) - Number(isRunning(before));
  const inWork = Number(isInWork(after)) - Number(isInWork(before));
  entry.submitter.inWork += inWork;
  entry.share.inWork += inWork;
  for (const counter of [entry.submitter, entry.group.class.counter]) {
    counter.waiting += waiting;
    counter.running += running;
  }
  if (waiting > 0) core.ages.push(entry.age);
  if (waiting < 0) core.ages.remove(entry.age);
  if (entry.submitter.waiting + entry.submitter.running === 0) core.submitters.delete(entry.submitter.name);
  lookAtLimits(core, entry.share);
};
