/**
 * Canaries of devices: one is trusted as long as a known-good candidate passes on it, through the same compiler and judge as any other
 * (its modes: trust.ts).
 *
 * The verdicts of a device that is quarantined are in doubt since its last passed canary. Those that are final are the shell's to open again;
 * what comes from it later is not used, and screenings that wait for their confirmation are made again.
 */
import type { DeviceId, HostId } from '../domain/ids.ts';
import type { SchedulerEvent } from './events.ts';
import { deviceOf, hostOf, refreshPools, takesWork } from './host-state.ts';
import { retract, retractable } from './moves.ts';
import { type CoreState, type Device, emit, type Host, type Pool } from './state.ts';
import { absorb, countVerdict, isBurst, sum, recentOf, type Count } from './tally.ts';
import * as trusting from './trust.ts';

type CanaryEnded = Extract<SchedulerEvent, { type: 'canary-ended' }>;
type Quarantined = Extract<SchedulerEvent, { type: 'quarantine-known' }>;
type CanaryWanted = Extract<SchedulerEvent, { type: 'canary-wanted' }>;
type Resumed = Extract<SchedulerEvent, { type: 'host-resumed' }>;

/** A judge's word on a candidate. */
export const noteVerdict = (core: CoreState, device: Device, isBad: boolean): void => {
  if (trusting.noteWord(device.trust, { isBad, others: () => othersOf(device) }, core)) core.canaryDue = true;
};

/** A compiler's word on a source: any device of the pool tells whether it is right. */
export const noteCompile = (core: CoreState, pool: Pool, isBad: boolean): void => {
  countVerdict(pool.compiles, isBad);
  const [device] = pool.devices;
  if (!isBad || !device || !isBurst(pool.compiles, otherCompilesOf(pool))) return;
  if (trusting.noteBurst(device.trust, core)) core.canaryDue = true;
};

/** Asks for what is due: about once a second, and where something became due at once. */
export const askDue = (core: CoreState): void => {
  core.canaryDue = false;
  for (const host of core.hosts.values()) {
    if (!host.up || host.draining) continue;
    for (const device of host.devices.values()) if (device.offered && trusting.isDue(device.trust, core)) ask(core, device);
  }
};

export const onCanaryEnded = (core: CoreState, { hostId, deviceId, result, serviceMs }: CanaryEnded): void => {
  const device = core.hosts.get(hostId)?.devices.get(deviceId);
  if (!device?.trust.asked) return;
  switch (result) {
    case 'passed':
      return onPassed(core, device, serviceMs);
    case 'failed':
      return quarantine(core, device);
    case 'inconclusive':
      return trusting.noteInconclusive(device.trust, core);
  }
};

/** Somebody has a reason to doubt the device: code that its own host compiled failed there too. */
export const onCanaryWanted = (core: CoreState, { hostId, deviceId }: CanaryWanted): void => {
  const device = core.hosts.get(hostId)?.devices.get(deviceId);
  if (device && !device.trust.asked) dueNow(core, device);
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
  for (const { trust } of host.devices.values()) trusting.askAgain(trust, core);
};

const ask = (core: CoreState, device: Device): void => {
  trusting.ask(device.trust, core);
  emit(core, { type: 'canary', ...idsOf(device), isBurst: device.trust.burst });
};

const onPassed = (core: CoreState, device: Device, serviceMs: number): void => {
  const returned = trusting.notePassed(device.trust, serviceMs, core);
  if (device.pool) absorb(device.pool.compiles);
  emit(core, { type: 'trust', ...idsOf(device), returned });
  if (returned) release(core, device);
};

const release = (core: CoreState, device: Device): void => {
  trusting.release(device.trust);
  device.available = takesWork(device);
  refreshPools(core, device.host);
};

/** The compiler is the whole host's: its other devices are looked at too, at once. */
const quarantine = (core: CoreState, device: Device): void => {
  const { failures, retryMs } = trusting.noteFailed(device.trust, core);
  emit(core, { type: 'quarantine', ...idsOf(device), failures, retryMs });
  if (failures > 1) return;
  const { host } = device;
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
