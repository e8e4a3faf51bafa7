/**
 * Shares by device time. Of a class and a priority each submitter has a `Level`: the device time that it was given, divided by its weight. Who was given
 * least is next. What an entry will take is not known when it begins: it is charged what its submitter's judgements took so far, and what differs is
 * corrected when its own is known; what comes to no judgement is given back. An entry keeps the level at which it began, its tag, for its place among
 * what is ready. (Start-time fair queueing, with costs that are estimated first.)
 *
 * Who was away has saved nothing up: it begins where those are that devices work on now. Nor does it owe more than `DEBT_MAX_MS`.
 */
import { smooth } from './estimates.ts';
import { DEBT_MAX_MS, LEVELS_IDLE_MAX, PROBES_PER_SLOT, RETAG_RATIO, SHARES_IDLE_MAX } from './options.ts';
import type { ClassState, CoreState, Entry, Group, Level, Pool, Share, Submitter } from './state.ts';

export const shareOf = (state: ClassState, submitter: Submitter): Share => {
  const known = state.shares.get(submitter.name);
  if (known) {
    known.submitter = submitter;
    return known;
  }
  sweepShares(state);
  const made: Share = {
    class: state,
    submitter,
    held: 0,
    inWork: 0,
    judged: 0,
    serviceMs: 0,
    isHeld: false,
    ready: new Set(),
    taggedMs: null,
    levels: new Map(),
  };
  state.shares.set(submitter.name, made);
  return made;
};

/** One more of its candidates is there: the first begins where the others are. */
export const joinLevel = (share: Share, group: Group, priority: number): Level => {
  const level = levelOf(share, priority);
  if (level.held === 0) catchUp(level, group);
  level.held += 1;
  share.held += 1;
  if (share.held === 1) share.class.holders += 1;
  return level;
};

export const leaveLevel = (core: CoreState, { level, share }: Entry): void => {
  level.held -= 1;
  share.held -= 1;
  if (share.held > 0) return;
  share.class.holders -= 1;
  if (share.class.holders === 1) lookAtProbes(core, share.class);
};

const levelOf = (share: Share, priority: number): Level => {
  const known = share.levels.get(priority);
  if (known) return known;
  if (share.levels.size >= LEVELS_IDLE_MAX)
    for (const level of share.levels.values()) if (level.held === 0) share.levels.delete(level.priority);
  const made: Level = { share, priority, given: 0, bound: 0, held: 0, lines: new Set() };
  share.levels.set(priority, made);
  return made;
};

/** For the time in which nothing of it could be judged it has no claim. */
export const catchUp = (level: Level, group: Group): void => {
  const now = begunLast(group, level.priority) ?? leastGiven(level);
  if (now !== null) setGiven(level, Math.min(Math.max(level.given, now), now + DEBT_MAX_MS));
};

/** Where those are whose candidates devices that may take the group's began last; null where they began none of the priority. */
const begunLast = ({ pools }: Group, priority: number): number | null => {
  let most: number | null = null;
  for (const pool of pools) {
    const begun = pool.begun.get(priority);
    if (begun !== undefined && (most === null || begun > most)) most = begun;
  }
  return most;
};

/** Of the others that have candidates there, without what is only bound so far. */
const leastGiven = ({ share, priority }: Level): number | null => {
  let least: number | null = null;
  for (const other of share.class.shares.values()) {
    const level = other === share ? undefined : other.levels.get(priority);
    if (level === undefined || level.held === 0) continue;
    const begun = level.given - level.bound;
    // Nobody was given less. Before anything has begun that is the first who is looked at, and not every submitter for every other one.
    if (begun <= 0) return begun;
    if (least === null || begun < least) least = begun;
  }
  return least;
};

/** It is bound to a pool: its submitter is charged what it will probably take. */
export const charge = (entry: Entry): void => {
  if (entry.charged !== null) return;
  const { level, share } = entry;
  share.taggedMs ??= expectedMs(share);
  entry.tag = level.given;
  entry.charged = isBooked(entry) ? 0 : costOf(level);
  level.bound += entry.charged;
  setGiven(level, level.given + entry.charged);
};

/** A device that is booked is no part of what is shared: what it does for its submitter is not counted. */
const isBooked = ({ place }: Entry): boolean => {
  const pool =
    place.kind === 'judge' ? place.device.pool : place.kind === 'compiling' || place.kind === 'ready' ? place.pool : null;
  return pool !== null && pool.bookedFor !== null;
};

/** It waits again, or ended without a judgement. */
export const refund = (entry: Entry): void => {
  if (entry.charged === null) return;
  entry.level.bound -= entry.charged;
  setGiven(entry.level, Math.max(0, entry.level.given - entry.charged));
  entry.charged = null;
};

interface Took {
  readonly serviceMs: number;
  /** False: it was cut off. It is charged, and teaches nothing of what others will take. */
  readonly isWhole: boolean;
}

/** Its judgement took so long. */
export const correct = (core: CoreState, entry: Entry, { serviceMs, isWhole }: Took): void => {
  const { level, share } = entry;
  const { name, rules } = share.submitter;
  level.bound -= entry.charged ?? 0;
  const counted = entry.charged === 0 ? 0 : serviceMs / rules.weight;
  setGiven(level, Math.max(0, level.given - (entry.charged ?? 0) + counted));
  entry.charged = null;
  if (isWhole) learn(entry, serviceMs);
  if (rules.deviceMsMax !== null) core.usedMs.set(name, (core.usedMs.get(name) ?? 0) + serviceMs);
  lookAtLimits(core, share);
};

const learn = ({ share }: Entry, serviceMs: number): void => {
  share.judged += 1;
  share.serviceMs = smooth(share.serviceMs, serviceMs, share.judged);
  const change = share.serviceMs / (share.taggedMs ?? share.serviceMs);
  if (change > RETAG_RATIO || change < 1 / RETAG_RATIO) retag(share);
};

/** Whether something keeps the rest of it waiting (`isHeld`): what it has in work, or was given, in all classes or in this one. */
export const lookAtLimits = (core: CoreState, share: Share): void => {
  const { runningMax, deviceMsMax } = share.submitter.rules;
  if (runningMax === null && deviceMsMax === null) hold(core, share, isProbing(share));
  else lookAtSubmitter(core, share.submitter);
};

/** The same, in every class. */
export const lookAtSubmitter = (core: CoreState, submitter: Submitter): void => {
  const isLimited = isAtLimit(core, submitter);
  for (const { shares } of core.classes.values()) {
    const own = shares.get(submitter.name);
    if (own) hold(core, own, isLimited || isProbing(own));
  }
};

/** Those of the class of whose candidates nobody knows what they take: after devices or submitters came or went. */
export const lookAtProbes = (core: CoreState, state: ClassState): void => {
  for (const share of state.shares.values()) if (share.judged === 0 && share.held > 0) lookAtLimits(core, share);
};

const isAtLimit = (core: CoreState, { name, inWork, rules: { runningMax, deviceMsMax } }: Submitter): boolean =>
  (runningMax !== null && inWork >= runningMax) || (deviceMsMax !== null && (core.usedMs.get(name) ?? 0) >= deviceMsMax);

/** While others wait too, no more is bound at what is only guessed than devices have at once. */
const isProbing = ({ judged, inWork, class: { holders, slots } }: Share): boolean =>
  judged === 0 && holders > 1 && inWork >= PROBES_PER_SLOT * Math.max(1, slots);

const hold = (core: CoreState, share: Share, isHeld: boolean): void => {
  if (share.isHeld === isHeld) return;
  share.isHeld = isHeld;
  for (const level of share.levels.values())
    for (const line of level.lines) {
      const group = line.entries.peek()?.group;
      if (group && !isHeld) catchUp(level, group);
      line.owner.resort(line);
      if (group && !isHeld) placeSoon(core, group);
    }
};

/** Assigned before this event ends, where a pool has room. */
export const placeSoon = (core: CoreState, group: Group): void => {
  if (group.placing) return;
  group.placing = true;
  core.placingGroups.push(group);
};

/** What is ready was ordered by what its candidates were thought to take, and they take something else. */
const retag = (share: Share): void => {
  share.taggedMs = share.serviceMs;
  const ready = [...share.ready].toSorted((a, b) => a.tag - b.tag || a.sequence - b.sequence);
  for (const entry of ready) refund(entry);
  for (const entry of ready) {
    charge(entry);
    if (entry.place.kind === 'ready') entry.place.pool.ready.update(entry.order);
  }
};

/** The device began it: who comes now begins here. */
export const noteBegun = (pool: Pool | null, { confirm, level, tag }: Entry): void => {
  if (pool && !confirm) pool.begun.set(level.priority, tag);
};

/** What one candidate of it counts, of the device time that orders submitters. */
export const costOf = ({ share }: Level): number => expectedMs(share) / share.submitter.rules.weight;

const expectedMs = ({ judged, serviceMs, class: { serviceMs: ofClass } }: Share): number => (judged > 0 ? serviceMs : ofClass);

const setGiven = (level: Level, given: number): void => {
  level.given = given;
  for (const line of level.lines) line.owner.resort(line);
};

/** Those of whom nothing is held are remembered for what they owe, up to so many. */
const sweepShares = (state: ClassState): void => {
  if (state.shares.size < Math.max(state.sweepSharesAt, SHARES_IDLE_MAX)) return;
  for (const share of state.shares.values()) if (share.held === 0) state.shares.delete(share.submitter.name);
  state.sweepSharesAt = 2 * state.shares.size;
};
