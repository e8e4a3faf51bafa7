/** Puts what waits to work: ready entries onto devices, pending ones onto hosts that may compile ahead. */
import { roomOf, setLoad } from './estimates.ts';
import { jump } from './jump.ts';
import { sendToJudge, startCompile } from './moves.ts';
import { JUMP_RATIO, PLACE_SCAN_MAX, PUMPS_MAX } from './options.ts';
import type { CoreState, Device, Entry, Group, Pool } from './state.ts';
import { isStarved, steal } from './steal.ts';
import { isNext } from './waiting.ts';

/** Runs until nothing more can move. */
export const pumpAll = (core: CoreState): void => {
  for (let rounds = 0; rounds < PUMPS_MAX; rounds += 1) {
    const group = core.placingGroups.pop();
    if (group) {
      place(core, group);
      continue;
    }
    const pool = core.dirtyPools.pop();
    if (!pool) return;
    pump(core, pool);
  }
  throw new Error(`scheduler: one event moved work ${PUMPS_MAX} times; two pools hand it to and fro`);
};

const pump = (core: CoreState, pool: Pool): void => {
  pool.dirty = false;
  if (pool.open) {
    dispatch(core, pool);
    jump(core, pool);
    pull(core, pool);
    steal(core, pool);
  }
  index(pool);
};

/** Fills each device that fell below its low mark up to its high mark, the emptiest first. */
const dispatch = (core: CoreState, pool: Pool): void => {
  for (let next = pool.ready.peek(); next; next = pool.ready.peek()) {
    const device = emptiest(pool);
    if (!device) return;
    sendToJudge(core, next, device);
  }
};

const emptiest = (pool: Pool): Device | null => {
  let best: Device | null = null;
  for (const device of pool.devices) {
    const held = device.entries.size;
    device.filling = held < device.low || (device.filling && held < device.high);
    if (device.available && device.filling && (!best || held < best.entries.size)) best = device;
  }
  return best;
};

const pull = (core: CoreState, pool: Pool): void => {
  for (let room = roomOf(pool); ; room -= 1) {
    const entry = firstPending(pool)?.waiting.peek();
    if (!entry || (room <= 0 && !mayHurry(pool, entry))) return;
    startCompile(core, entry, pool);
  }
};

/** What goes before all that is ready there, since it is far more urgent or its submitter was given less, is compiled beside it where a compiler is free. */
const mayHurry = (pool: Pool, { task, level, confirm }: Entry): boolean => {
  const first = pool.ready.peek();
  if (!first || first.confirm || confirm || pool.compiling.size >= pool.host.compileSlots) return false;
  if (task.priority !== first.task.priority) return task.priority * JUMP_RATIO <= first.task.priority;
  return first.level !== level && level.given < first.tag;
};

/** The group whose first entry comes first, among those the pool matches. */
const firstPending = (pool: Pool): Group | null => {
  let best: Group | null = null;
  for (const group of pool.class.active) {
    if (!group.pools.has(pool)) continue;
    const first = group.waiting.peek();
    const bestFirst = best?.waiting.peek();
    if (first && (!bestFirst || isNext(first, bestFirst))) best = group;
  }
  return best;
};

/** Assigns new pending entries to pools that have room. */
const place = (core: CoreState, group: Group): void => {
  group.placing = false;
  for (let entry = group.waiting.peek(); entry; entry = group.waiting.peek()) {
    const pool = leastLoaded(group) ?? bestOf(hurrying(group, entry), () => true);
    if (!pool) return;
    startCompile(core, entry, pool);
    index(pool);
  }
};

/** Exact where all pools of the class match or few do; otherwise the best of the first few matches in heap order. */
const leastLoaded = (group: Group): Pool | null => {
  const { room, openPools } = group.class;
  if (group.pools.size === 0 || room.size === 0) return null;
  if (group.pools.size === openPools) return room.peek() ?? null;
  return group.pools.size <= PLACE_SCAN_MAX ? bestOf(group.pools) : bestOf(matchesInRoom(group));
};

function* matchesInRoom(group: Group): Generator<Pool> {
  const { room } = group.class;
  let found = 0;
  for (let at = 0; at < room.size && found < PLACE_SCAN_MAX; at += 1) {
    const pool = room.at(at);
    if (!pool || !group.pools.has(pool)) continue;
    found += 1;
    yield pool;
  }
}

function* hurrying(group: Group, entry: Entry): Generator<Pool> {
  let looked = 0;
  for (const pool of group.pools) {
    if (looked === PLACE_SCAN_MAX) return;
    looked += 1;
    if (mayHurry(pool, entry)) yield pool;
  }
}

const hasRoom = (pool: Pool): boolean => pool.roomNode.at >= 0;

const bestOf = (pools: Iterable<Pool>, isFit: (pool: Pool) => boolean = hasRoom): Pool | null => {
  let best: Pool | null = null;
  for (const pool of pools) if (isFit(pool) && (!best || pool.loadMs < best.loadMs)) best = pool;
  return best;
};

/** Brings the pool's place in its class's heaps up to date. */
export const index = (pool: Pool): void => {
  const { room, backlog, starved } = pool.class;
  setLoad(pool);
  if (roomOf(pool) > 0) room.update(pool.roomNode);
  else room.remove(pool.roomNode);
  if (pool.open && pool.backlogMs > 0) backlog.update(pool.backlogNode);
  else backlog.remove(pool.backlogNode);
  if (isStarved(pool)) starved.add(pool);
  else starved.delete(pool);
};
