/** Constraint groups: which pools may take which candidates. */
import type { DeviceClass } from '../domain/device.ts';
import type { HostId } from '../domain/ids.ts';
import { catchUp } from './fair-share.ts';
import { Heap } from './heap.ts';
import { GROUPS_IDLE_MAX, SERVICE_DEFAULT_MS } from './options.ts';
import { type ClassState, type CoreState, createSeen, type Entry, type Group, type Pool } from './state.ts';
import { Waiting } from './waiting.ts';

export const classOf = (core: CoreState, name: DeviceClass): ClassState => {
  const known = core.classes.get(name);
  if (known) return known;
  const made: ClassState = {
    name,
    counter: { name, waiting: 0, running: 0 },
    shares: new Map(),
    sweepSharesAt: 0,
    holders: 0,
    slots: 0,
    pools: new Set(),
    seen: createSeen(null),
    booked: new Set(),
    groups: new Set(),
    active: new Set(),
    openPools: 0,
    room: new Heap((a, b) => (a.loadMs === b.loadMs ? a.order < b.order : a.loadMs < b.loadMs)),
    backlog: new Heap((a, b) => (a.backlogMs === b.backlogMs ? a.order < b.order : a.backlogMs > b.backlogMs)),
    starved: new Set(),
    judged: 0,
    serviceMs: SERVICE_DEFAULT_MS,
  };
  core.classes.set(name, made);
  return made;
};

type Constraints = Pick<Entry, 'task' | 'confirm' | 'excluded'>;

/** The group with these constraints, made where it is new. */
export const groupOf = (core: CoreState, wants: Constraints): Group => {
  const labels = wants.task.labels.length > 1 ? [...new Set(wants.task.labels)].toSorted() : wants.task.labels;
  const state = classOf(core, wants.task.device);
  const bookedFor = state.booked.has(wants.task.submitter) ? wants.task.submitter : null;
  const key = [
    wants.task.device,
    wants.task.language,
    labels.join('\u0001'),
    wants.confirm?.model ?? '',
    bookedFor ?? '',
    wants.excluded.join('\u0001'),
  ].join('\u0000');
  const known = core.groups.get(key);
  if (known) return known;
  sweepIdle(core);
  const group: Group = {
    key,
    class: state,
    labels,
    language: wants.task.language,
    model: wants.confirm?.model ?? null,
    bookedFor,
    excluded: wants.excluded,
    waiting: new Waiting(),
    pools: new Set(),
    members: 0,
    placing: false,
  };
  for (const pool of group.class.pools) if (isMatch(group, pool)) group.pools.add(pool);
  group.class.groups.add(group);
  core.groups.set(key, group);
  return group;
};

/** Puts the entry into the group that its constraints ask for now. Its place must not be `pending`. */
export const regroup = (core: CoreState, entry: Entry): void => {
  const group = groupOf(core, entry);
  if (group === entry.group) return;
  entry.group.members -= 1;
  group.members += 1;
  entry.group = group;
};

/** May the pool take a candidate of the group now? */
const isMatch = (group: Group, pool: Pool): boolean =>
  pool.open &&
  pool.class === group.class &&
  (group.model === null || group.model === pool.model) &&
  (pool.bookedFor === null || pool.bookedFor === group.bookedFor) &&
  pool.host.languages.has(group.language) &&
  !group.excluded.includes(pool.host.id) &&
  group.labels.every((label) => pool.host.labels.has(label));

/** After a pool opened, closed or changed its labels or languages. Returns the groups whose exclusions may leave them no pool now. */
export const rematch = (core: CoreState, pool: Pool): readonly Group[] => {
  const stranded: Group[] = [];
  for (const group of pool.class.groups) {
    const before = group.pools.size;
    if (isMatch(group, pool)) group.pools.add(pool);
    else group.pools.delete(pool);
    const after = group.pools.size;
    if (before === 0 && after > 0) begin(core, group);
    if (before > 0 && after === 0) core.runnable -= group.waiting.size;
    if (after === 0 && group.excluded.length > 0 && group.waiting.size > 0) stranded.push(group);
  }
  return stranded;
};

/** It can be judged again. */
const begin = (core: CoreState, group: Group): void => {
  core.runnable += group.waiting.size;
  for (const { level } of group.waiting.lines()) catchUp(level, group);
};

/** One more host that failed it; when no other matches any more, the list starts anew. True where another host remains. */
export const exclude = (core: CoreState, entry: Entry, hostId: HostId): boolean => {
  entry.excluded = [...new Set([...entry.excluded, hostId])].toSorted();
  regroup(core, entry);
  if (entry.group.pools.size > 0) return true;
  entry.excluded = [];
  regroup(core, entry);
  return false;
};

/** Excluded hosts count again where they are the only ones left. Its place must not be `pending`. */
export const relax = (core: CoreState, entry: Entry): void => {
  if (entry.excluded.length === 0 || entry.group.pools.size > 0) return;
  if (groupOf(core, { task: entry.task, confirm: entry.confirm, excluded: [] }).pools.size === 0) return;
  entry.excluded = [];
  regroup(core, entry);
};

const sweepIdle = (core: CoreState): void => {
  if (core.groups.size < Math.max(core.sweepGroupsAt, GROUPS_IDLE_MAX)) return;
  for (const group of core.groups.values()) {
    if (group.members > 0 || group.placing) continue;
    core.groups.delete(group.key);
    group.class.groups.delete(group);
  }
  core.sweepGroupsAt = 2 * core.groups.size;
};
