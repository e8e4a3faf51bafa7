/**
 * Canaries: a device is trusted as long as a known-good candidate passes on it, through the same compiler and judge as any other.
 *
 *   trusted      judges; a canary is due some time after the first verdict since the last one, at once after a burst of bad verdicts
 *   asked        the canary is on its way; work goes on meanwhile
 *   quarantined  the canary failed: no work until one passes or an operator says so; it is asked again and again, each time later
 *
 * The verdicts of a device that is quarantined are in doubt since its last passed canary. Those that are final are the shell's to open again;
 * what comes from it later is not used, and screenings that wait for their confirmation are made again.
 */
import type { DeviceId, HostId } from '../domain/ids.ts';
import type { SchedulerEvent } from './events.ts';
import { deviceOf, hostOf, refreshPools } from './host-state.ts';
import { retract, retractable } from './moves.ts';
import { BURST_REST_MS, CANARY_INCONCLUSIVE_MS, CANARY_SHARE_MAX } from './options.ts';
import { type CoreState, type Device, emit, type Host, type Pool } from './state.ts';
import { absorb, countVerdict, isBurst, NOTHING_COUNTED, plus, recentOf, type Count } from './tally.ts';
import { doubledMs } from '../platform/backoff.ts';

type CanaryEnded = Extract<SchedulerEvent, { type: 'canary-ended' }>;
type Quarantined = Extract<SchedulerEvent, { type: 'quarantine-known' }>;
type Resumed = Extract<SchedulerEvent, { type: 'host-resumed' }>;

/** A judge's word on a candidate. */
export const noteVerdict = (core: CoreState, device: Device, isBad: boolean): void => {
  const { trust } = device;
  countVerdict(trust.tally, isBad);
  if (trust.dueMs === null) trust.dueMs = nextRegular(core, device);
  if (isBad && isBurst(trust.tally, othersOf(device))) onBurst(core, device);
};

/** A compiler's word on a source: any device of the pool tells whether it is right. */
export const noteCompile = (core: CoreState, pool: Pool, isBad: boolean): void => {
  countVerdict(pool.compiles, isBad);
  const [device] = pool.devices;
  if (!isBad || !device || !isBurst(pool.compiles, otherCompilesOf(pool))) return;
  onBurst(core, device);
};

/** Asks for what is due: about once a second, and where something became due at once. */
export const askDue = (core: CoreState): void => {
  core.canaryDue = false;
  for (const host of core.hosts.values()) {
    if (!host.up) continue;
    for (const device of host.devices.values()) if (isDue(core, device)) ask(core, host, device);
  }
};

export const onCanaryEnded = (core: CoreState, { hostId, deviceId, result, serviceMs }: CanaryEnded): void => {
  const device = core.hosts.get(hostId)?.devices.get(deviceId);
  if (!device?.trust.asked) return;
  const { trust } = device;
  trust.asked = null;
  switch (result) {
    case 'passed':
      trust.serviceMs = serviceMs;
      return onPassed(core, device);
    case 'failed':
      return quarantine(core, device);
    case 'inconclusive':
      trust.dueMs = core.nowMs + CANARY_INCONCLUSIVE_MS;
  }
};

/** After a restart of the shell: it was quarantined before. */
export const onQuarantineKnown = (core: CoreState, { hostId, deviceId, failures }: Quarantined): void => {
  const device = deviceOf(hostOf(core, hostId), deviceId);
  device.trust.quarantine = { failures };
  dueNow(core, device);
  device.available = false;
};

/** An operator answers for the host: it works again, and the next canary comes in its turn. */
export const onHostResumed = (core: CoreState, { hostId }: Resumed): void => {
  const host = core.hosts.get(hostId);
  if (!host) return;
  for (const device of host.devices.values()) {
    if (!device.trust.quarantine) continue;
    release(core, device);
    device.trust.dueMs = core.nowMs + core.options.canaryEveryMs;
  }
};

/** Attached: what was asked over an earlier connection is never answered, and what became due meanwhile is asked. */
export const askAgain = (core: CoreState, host: Host): void => {
  core.canaryDue = true;
  for (const { trust } of host.devices.values()) {
    if (trust.asked) trust.dueMs = core.nowMs;
    trust.asked = null;
  }
};

const isDue = (core: CoreState, { trust, offered }: Device): boolean =>
  offered && trust.asked === null && trust.dueMs !== null && trust.dueMs <= core.nowMs;

const ask = (core: CoreState, host: Host, device: Device): void => {
  device.trust.asked = { sinceMs: core.nowMs };
  device.trust.dueMs = null;
  emit(core, { type: 'canary', hostId: host.id, deviceId: device.id });
};

const onPassed = (core: CoreState, device: Device): void => {
  const { trust } = device;
  const wasBurst = trust.burst;
  trust.burst = false;
  trust.passedMs = core.nowMs;
  absorb(trust.tally);
  if (device.pool) absorb(device.pool.compiles);
  // Many bad candidates are not the device's fault: the next burst is looked into later.
  trust.burstRestMs = wasBurst ? Math.min(2 * trust.burstRestMs, core.options.canaryEveryMs) : BURST_REST_MS;
  trust.burstAtMs = core.nowMs + Math.max(trust.burstRestMs, CANARY_SHARE_MAX * trust.serviceMs);
  const returned = trust.quarantine !== null;
  emit(core, { type: 'trust', ...idsOf(device), returned });
  if (returned) release(core, device);
};

const release = (core: CoreState, device: Device): void => {
  device.trust.quarantine = null;
  absorb(device.trust.tally);
  device.available = device.offered;
  refreshPools(core, device.host);
};

/** The compiler is the whole host's: its other devices are looked at too, at once. */
const quarantine = (core: CoreState, device: Device): void => {
  const { trust, host } = device;
  const failures = (trust.quarantine?.failures ?? 0) + 1;
  const { canaryBackoffMs, canaryBackoffMsMax } = core.options;
  const retryMs = doubledMs(failures, { minMs: canaryBackoffMs, maxMs: canaryBackoffMsMax });
  trust.burst = false;
  trust.quarantine = { failures };
  trust.dueMs = core.nowMs + retryMs;
  emit(core, { type: 'quarantine', ...idsOf(device), failures, retryMs });
  if (failures > 1) return;
  device.available = false;
  retract(core, retractable(device), null);
  forgetScreenings(core, device);
  refreshPools(core, host);
  for (const other of host.devices.values()) if (other !== device && !other.trust.quarantine) dueNow(core, other);
};

/** A would-be record that it screened is screened again, unless its confirmation elsewhere decides. */
const forgetScreenings = (core: CoreState, device: Device): void => {
  for (const { confirm } of core.tasks.values()) if (confirm?.screenedOn === device) confirm.screened = null;
};

const idsOf = (device: Device): { readonly hostId: HostId; readonly deviceId: DeviceId } => ({
  hostId: device.host.id,
  deviceId: device.id,
});

/** At most one part in CANARY_SHARE_MAX of the device's time. */
const nextRegular = (core: CoreState, { trust }: Device): number => {
  const { canaryEveryMs, canaryFirstMs } = core.options;
  if (trust.passedMs === null) return core.nowMs + canaryFirstMs;
  return Math.max(core.nowMs, trust.passedMs + Math.max(canaryEveryMs, CANARY_SHARE_MAX * trust.serviceMs));
};

const onBurst = (core: CoreState, device: Device): void => {
  const { trust } = device;
  if (trust.asked || trust.burstAtMs > core.nowMs) return;
  trust.burst = true;
  dueNow(core, device);
};

const dueNow = (core: CoreState, { trust }: Device): void => {
  trust.dueMs = core.nowMs;
  core.canaryDue = true;
};

/** What other hosts of the class see lately. */
const othersOf = ({ pool, host }: Device): Count =>
  sum([...(pool?.class.pools ?? [])].filter((other) => other.host !== host).flatMap(recentOfPool));

const recentOfPool = ({ devices }: Pool): readonly Count[] => [...devices].map(({ trust }) => recentOf(trust.tally));

const otherCompilesOf = (pool: Pool): Count =>
  sum([...pool.class.pools].filter(({ host }) => host !== pool.host).map(({ compiles }) => recentOf(compiles)));

const sum = (counts: readonly Count[]): Count => counts.reduce(plus, NOTHING_COUNTED);
