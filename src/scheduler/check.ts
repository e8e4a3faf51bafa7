/** Invariants, for tests: each broken one is named. Walks everything, so it is never called in production. */
import { mayTake } from './bookings.ts';
import { roomOf } from './estimates.ts';
import { countedAs, isWaiting } from './move-to.ts';
import type { ClassState, CoreState, Counted, Device, Entry, Group, Host, Judging, Pool } from './state.ts';
import { type Lately, recentOf, sum, type Tally } from './tally.ts';

/** Sentences about what is wrong; empty when all is well. Holds between two events. */
export const check = (core: CoreState): readonly string[] => {
  const wrong: string[] = [];
  const must = (holds: boolean, sentence: string): void => {
    if (!holds) wrong.push(sentence);
  };
  for (const entry of core.tasks.values()) checkEntry(core, entry, must);
  for (const host of core.hosts.values()) checkHost(core, host, must);
  for (const group of core.groups.values()) checkGroup(core, group, must);
  for (const state of core.classes.values()) checkClass(core, state, must);
  checkCounts(core, must);
  must(core.dirtyPools.length + core.placingGroups.length === 0, 'nothing is left to do after an event');
  return wrong;
};

type Must = (holds: boolean, sentence: string) => void;

const has = (heap: { readonly size: number; at(position: number): Entry | undefined }, entry: Entry): boolean =>
  heap.at(entry.order.at) === entry;

const checkEntry = (core: CoreState, entry: Entry, must: Must): void => {
  const { place, task } = entry;
  must(core.groups.get(entry.group.key) === entry.group, `${task.id} is in a group that is known`);
  must(
    entry.order.at >= 0 === (place.kind === 'pending' || place.kind === 'ready'),
    `${task.id} is in a heap only where it waits`,
  );
  must(
    entry.group.bookedFor === (entry.group.class.booked.has(task.submitter) ? task.submitter : null),
    `${task.id} is among those who may use what its submitter has booked`,
  );
  must(place.kind === 'ready' || !entry.share.ready.has(entry), `${task.id}, ${place.kind}, is not among what is ready`);
  must(entry.counted === countedAs(entry), `${task.id} is counted where it is`);
  must(!entry.cancelled || place.kind === 'judge', `${task.id}, cancelled, is only kept while a judge has it`);
  if (place.kind === 'judge') checkJudging(core, place, must);
  else must(isWhereItSays(entry), `${task.id}, ${place.kind}, is known where it is`);
};

const isWhereItSays = (entry: Entry): boolean => {
  const { place } = entry;
  switch (place.kind) {
    case 'pending':
      return place.group === entry.group && place.group.waiting.has(entry);
    case 'backoff':
      return entry.deadline !== null && entry.deadline.at >= 0;
    case 'compiling':
      return place.pool.open && place.pool.compiling.has(entry);
    case 'ready':
      return place.pool.open && has(place.pool.ready, entry) && entry.share.ready.has(entry);
    case 'judge':
      return true;
    case 'done':
      return false;
  }
};

const checkJudging = (core: CoreState, { entry, host, device, attempt, attemptId }: Judging, must: Must): void => {
  must(core.attempts.get(attemptId) === entry, `${attemptId} is known`);
  must(attempt <= entry.attempts && attempt > entry.usedUpTo, `${attemptId} was given out and not used`);
  must(host.up || host.deadline !== null || entry.deadline !== null, `${attemptId} does not wait for a lost host for ever`);
  must(device.entries.has(entry) && host.attempts.has(entry), `${attemptId} is known to its device and host`);
};

const checkHost = (core: CoreState, host: Host, must: Must): void => {
  let attempts = 0;
  for (const device of host.devices.values()) {
    attempts += device.entries.size;
    checkDevice(core, device, must);
  }
  must(attempts === host.attempts.size, `${host.id} counts the attempts at its devices`);
  for (const pool of host.pools.values()) checkPool(core, pool, must);
};

const isSumOf = ({ total, bad }: Lately, tallies: readonly Tally[]): boolean => {
  const all = sum(tallies.map(recentOf));
  return all.total === total && all.bad === bad;
};

/** The sums are those of what is counted in them. */
const checkSeen = ({ name, pools, seen }: ClassState, must: Must): void => {
  const devices = [...pools].flatMap((pool) => [...pool.devices]);
  must(
    isSumOf(
      seen.verdicts,
      devices.map(({ trust }) => trust.tally),
    ),
    `${name} counts the verdicts of its devices`,
  );
  must(
    isSumOf(
      seen.attempts,
      devices.map(({ attempts }) => attempts),
    ),
    `${name} counts the attempts at its devices`,
  );
  must(
    isSumOf(
      seen.compiles,
      [...pools].map(({ compiles }) => compiles),
    ),
    `${name} counts what its compilers said`,
  );
};

const checkDevice = (core: CoreState, device: Device, must: Must): void => {
  must(
    !device.available || (device.offered && !device.trust.quarantine),
    `${device.id} takes work only where it is offered and trusted`,
  );
  must(device.running === null || device.entries.has(device.running), `what runs on ${device.id} is there`);
  for (const entry of device.entries) {
    must(entry.place.kind === 'judge' && entry.place.device === device, `${entry.task.id} is at the device that lists it`);
    must(core.tasks.get(entry.task.id) === entry, `${entry.task.id}, listed by a device, is known`);
  }
};

const checkPool = (core: CoreState, pool: Pool, must: Must): void => {
  const name = `${pool.host.id}/${pool.model}`;
  must(!pool.open || pool.host.up, `${name} is open only while its host is attached`);
  must(pool.open || pool.compiling.size + pool.ready.size === 0, `${name}, closed, holds nothing`);
  must(pool.roomNode.at >= 0 === roomOf(pool) > 0, `${name} is among those with room when it has room`);
  must(pool.class.pools.has(pool), `${name} is known to its class`);
  for (const entry of [...pool.compiling, ...readyIn(pool)])
    must(mayTake(pool, entry), `${entry.task.id} is at a pool that its submitter may use`);
  must(pool.bookedFor === null || pool.devices.size > 0, `${name}, booked for ${pool.bookedFor}, has devices`);
  for (const entry of pool.compiling) must(core.tasks.get(entry.task.id) === entry, `${entry.task.id}, compiling, is known`);
  let incoming = 0;
  for (const entry of core.attempts.values()) if (entry.place.kind === 'judge' && entry.place.retract?.to === pool) incoming += 1;
  must(pool.incoming === incoming, `${name} counts what is on its way`);
  const idle = [...pool.devices].some((device) => device.available && device.entries.size === 0);
  must(!pool.open || pool.ready.size === 0 || !idle, `${name} has nothing ready while a device idles`);
};

const readyIn = ({ ready }: Pool): readonly Entry[] =>
  Array.from({ length: ready.size }, (_, at) => ready.at(at)).filter((entry) => entry !== undefined);

const checkGroup = (core: CoreState, group: Group, must: Must): void => {
  let members = 0;
  for (const entry of core.tasks.values()) if (entry.group === group) members += 1;
  must(members === group.members, `group ${group.key} counts its members`);
  must(group.class.active.has(group) === group.waiting.size > 0, `group ${group.key} is active when something is pending`);
  // What is held waits for its submitter, not for a pool.
  if (group.waiting.peek() === undefined) return;
  for (const pool of group.pools) must(pool.roomNode.at < 0, `nothing is pending for ${pool.host.id}, which has room`);
};

const isSame = (one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): boolean =>
  one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);

const checkClass = (core: CoreState, state: ClassState, must: Must): void => {
  must([...state.pools].filter((pool) => pool.open).length === state.openPools, `class ${state.name} counts its open pools`);
  const held = new Map<string, number>();
  for (const { task, group } of core.tasks.values()) {
    if (group.class === state) held.set(task.submitter, (held.get(task.submitter) ?? 0) + 1);
  }
  const shares = new Map(
    [...state.shares].flatMap(([submitter, share]) => (share.held > 0 ? [[submitter, share.held] as const] : [])),
  );
  must(isSame(held, shares), `class ${state.name} counts what each submitter has there`);
  checkSeen(state, must);
};

const checkCounts = (core: CoreState, must: Must): void => {
  const stages: Record<Exclude<Counted, 'none'>, number> = { queued: 0, compiling: 0, ready: 0, judging: 0, confirming: 0 };
  let runnable = 0;
  const perSubmitter = new Map<string, number>();
  for (const entry of core.tasks.values()) {
    const counted = countedAs(entry);
    if (counted !== 'none') stages[counted] += 1;
    if (entry.place.kind === 'pending' && entry.group.pools.size > 0) runnable += 1;
    if (isWaiting(counted)) perSubmitter.set(entry.task.submitter, (perSubmitter.get(entry.task.submitter) ?? 0) + 1);
  }
  must(
    JSON.stringify(stages) === JSON.stringify(core.stages),
    `stages are counted: ${JSON.stringify(stages)} is ${JSON.stringify(core.stages)}`,
  );
  must(runnable === core.runnable, `runnable candidates are counted: ${runnable} is ${core.runnable}`);
  must(core.ages.size === stages.queued + stages.compiling + stages.ready, 'every waiting candidate has an age');
  for (const counter of core.submitters.values()) {
    must(counter.waiting === (perSubmitter.get(counter.name) ?? 0), `waiting candidates of ${counter.name} are counted`);
  }
};
