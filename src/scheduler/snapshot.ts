/** What the scheduler knows at a glance: O(classes + groups + submitters), never O(candidates). */
import type { DeviceClass } from '../domain/device.ts';
import type { AttemptId, DeviceId, HostId } from '../domain/ids.ts';
import type { Language } from '../domain/plan/plan.ts';
import type { ClassState, CoreState, Group, Host, Pool } from './state.ts';

const BLOCKED_MAX = 64;

export interface ClassSnapshot {
  readonly device: DeviceClass;
  /** Queued, compiling or ready. */
  readonly waiting: number;
  /** Judging or confirming. */
  readonly running: number;
  /** Devices that take work now. */
  readonly slots: number;
  /** Why nothing of this class moves, or null. */
  readonly blocked: string | null;
  /** Time to judge all of it at the measured service times; null without a slot. */
  readonly etaMs: number | null;
}

/** Queued candidates with constraints that no device meets now. */
export interface BlockedSnapshot {
  readonly device: DeviceClass;
  readonly labels: readonly string[];
  readonly language: Language;
  readonly waiting: number;
  readonly reason: string;
}

export interface Snapshot {
  readonly stages: {
    readonly queued: number;
    readonly compiling: number;
    readonly ready: number;
    readonly judging: number;
    readonly confirming: number;
  };
  readonly byDevice: readonly ClassSnapshot[];
  readonly bySubmitter: readonly { readonly submitter: string; readonly waiting: number; readonly running: number }[];
  /** At most 64, largest first. */
  readonly blocked: readonly BlockedSnapshot[];
  readonly oldestQueuedAtMs: number | null;
}

export interface HostSnapshot {
  readonly compiling: number;
  readonly ready: number;
  readonly devices: readonly { readonly deviceId: DeviceId; readonly queued: number; readonly running: AttemptId | null }[];
}

export const snapshotOf = (core: CoreState): Snapshot => ({
  stages: { ...core.stages },
  byDevice: [...core.classes.values()].filter(isOfInterest).map(classSnapshot),
  bySubmitter: [...core.submitters.values()].map(({ name, waiting, running }) => ({ submitter: name, waiting, running })),
  blocked: blockedGroups(core),
  oldestQueuedAtMs: core.ages.peek()?.task.queuedAtMs ?? null,
});

/** Classes that hosts have, or that candidates ask for. */
const isOfInterest = ({ counter, pools }: ClassState): boolean => counter.waiting + counter.running + pools.size > 0;

const classSnapshot = (state: ClassState): ClassSnapshot => {
  const { waiting, running } = state.counter;
  let slots = 0;
  for (const pool of state.pools) if (pool.open) slots += pool.available;
  const etaMs = slots === 0 ? null : ((waiting + running) * state.serviceMs) / slots;
  return { device: state.name, waiting, running, slots, blocked: whyClassBlocked(state), etaMs };
};

/** Something is pending, none of it can be placed now, and nothing is in work. */
const whyClassBlocked = (state: ClassState): string | null => {
  const [first, ...others] = [...state.active];
  if (!first || [first, ...others].some((group) => group.pools.size > 0) || isInWork(state)) return null;
  return whyBlocked(others.reduce((most, group) => (group.waiting.size > most.waiting.size ? group : most), first));
};

const isInWork = ({ counter, active }: ClassState): boolean => {
  let pending = 0;
  for (const group of active) pending += group.waiting.size;
  return counter.waiting + counter.running > pending;
};

const blockedGroups = (core: CoreState): readonly BlockedSnapshot[] => {
  const found: BlockedSnapshot[] = [];
  for (const state of core.classes.values()) {
    for (const group of state.active) if (group.pools.size === 0) found.push(blockedSnapshot(group));
  }
  return found.toSorted((a, b) => b.waiting - a.waiting).slice(0, BLOCKED_MAX);
};

const blockedSnapshot = (group: Group): BlockedSnapshot => ({
  device: group.class.name,
  labels: group.labels,
  language: group.language,
  waiting: group.waiting.size,
  reason: whyBlocked(group),
});

/** Why nothing of a class can move whatever its candidates ask for, also while none is held here; null where a device takes work. */
export const whyClassIsBlocked = (core: CoreState, device: DeviceClass): string | null => {
  const pools = [...(core.classes.get(device)?.pools ?? [])];
  if (pools.length === 0) return noHostHas(device);
  if (!pools.some(({ host }) => host.up)) return allLost(device);
  if (pools.some(({ open }) => open)) return null;
  return pools.some(isQuarantined) ? allQuarantined(device) : noneTakesWork(device);
};

const noHostHas = (device: DeviceClass): string => `no host of the fleet has the device class ${device}`;
const allLost = (device: DeviceClass): string => `all hosts with ${device} are lost`;
const noneTakesWork = (device: DeviceClass): string => `no matching device of ${device} takes work now`;
const allQuarantined = (device: DeviceClass): string =>
  `every matching device of ${device} is quarantined: it failed a known-good candidate (kiln fleet says why)`;
const allBooked = (device: DeviceClass): string =>
  `every matching device of ${device} is booked for another submitter (kiln fleet says for whom, and until when)`;
const isQuarantined = ({ devices }: Pool): boolean =>
  [...devices].some(({ trust, offered }) => offered && trust.quarantine !== null);

/** Names the first of the conditions, in the order they are asked, that leaves no pool. */
const whyBlocked = ({ class: state, labels, language, model, bookedFor }: Group): string => {
  let pools: readonly Pool[] = [...state.pools];
  const conditions: readonly (readonly [string, (pool: Pool) => boolean])[] = [
    [noHostHas(state.name), () => true],
    [allLost(state.name), (pool) => pool.host.up],
    [
      `no host with ${state.name} has the labels ${labels.join(', ')}`,
      ({ host }) => labels.every((label) => host.labels.has(label)),
    ],
    [`no matching host with ${state.name} supports ${language}`, ({ host }) => host.languages.has(language)],
    [`no matching host has the model ${model ?? ''}`, (pool) => model === null || pool.model === model],
    [allBooked(state.name), (pool) => pool.bookedFor === null || pool.bookedFor === bookedFor],
    [allQuarantined(state.name), (pool) => pool.available > 0 || !isQuarantined(pool)],
    [noneTakesWork(state.name), (pool) => pool.available > 0],
  ];
  for (const [reason, isMet] of conditions) {
    pools = pools.filter(isMet);
    if (pools.length === 0) return reason;
  }
  return 'every matching host has failed it';
};

export const hostSnapshotOf = (core: CoreState, hostId: HostId): HostSnapshot | null => {
  const host = core.hosts.get(hostId);
  return host ? snapshotHost(host) : null;
};

const snapshotHost = (host: Host): HostSnapshot => {
  const pools = [...host.pools.values()];
  return {
    compiling: pools.reduce((sum, pool) => sum + pool.compiling.size, 0),
    ready: pools.reduce((sum, pool) => sum + pool.ready.size, 0),
    devices: [...host.devices.values()].map(({ id, entries, running }) => ({
      deviceId: id,
      queued: entries.size - (running ? 1 : 0),
      running: running?.place.kind === 'judge' ? running.place.attemptId : null,
    })),
  };
};
