/** Puts what waits to work: ready entries onto devices, pending ones onto hosts that may compile ahead. */
import { roomOf, setLoad } from './estimates.ts';
import { jump } from './jump.ts';
import { sendToJudge, startCompile } from './moves.ts';
import { PLACE_SCAN_MAX, PUMPS_MAX } from './options.ts';
import { type CoreState, type Device, type Group, isBefore, type Pool } from './state.ts';
import { isStarved, steal } from './steal.ts';

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
  for (let room = roomOf(pool); room > 0; room -= 1) {
    const entry = firstPending(pool)?.heap.peek();
    if (!entry) return;
    startCompile(core, entry, pool);
  }
};

/** The group whose first entry comes first, among those the pool matches. */
const firstPending = (pool: Pool): Group | null => {
  let best: Group | null = null;
  for (const group of pool.class.active) {
    if (!group.pools.has(pool)) continue;
    const first = group.heap.peek();
    const bestFirst = best?.heap.peek();
    if (first && (!bestFirst || isBefore(first, bestFirst))) best = group;
  }
  return best;
};

/** Assigns new pending entries to pools that have room. */
const place = (core: CoreState, group: Group): void => {
  group.placing = false;
  for (let entry = group.heap.peek(); entry; entry = group.heap.peek()) {
    const pool = leastLoaded(group);
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

const bestOf = (pools: Iterable<Pool>): Pool | null => {
  let best: Pool | null = null;
  for (const pool of pools) if (pool.roomNode.at >= 0 && (!best || pool.loadMs < best.loadMs)) best = pool;
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
