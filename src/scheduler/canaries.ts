/**
 * Canaries of devices: one is trusted as long as a known-good candidate passes on it, through the same compiler and judge as any other
 * (its modes: trust.ts).
 *
 * The verdicts of a device that is quarantined are in doubt since its last passed canary. Those that are final are the shell's to open again;
 * what comes from it later is not used, and screenings that wait for their confirmation are made again.
 *
 * What candidates could bring about (many refusals, many failures of the host) makes a device suspect: a canary decides. It is quarantined by what they
 * cannot: a canary that failed, canaries that cannot be judged at all, and faults that the shell tells of (`device-fault`). Where more than half of a class
 * would be (breaker.ts), it works on, and a person decides.
 */
import type { QuarantineCause } from '../domain/canary.ts';
import type { DeviceId, HostId } from '../domain/ids.ts';
import { doubledMs } from '../platform/backoff.ts';
import { isBreakerOpen } from './breaker.ts';
import type { SchedulerEvent } from './events.ts';
import { deviceOf, hostOf, refreshPools, takesWork } from './host-state.ts';
import { retract, retractable } from './moves.ts';
import { CANARIES_INCONCLUSIVE_MAX, CANARY_REFUSALS } from './options.ts';
import { type CoreState, type Device, emit, type Host, type Pool, type Seen } from './state.ts';
import { absorb, countVerdict, isBurst, type Count, without } from './tally.ts';
import * as trusting from './trust.ts';

type CanaryEnded = Extract<SchedulerEvent, { type: 'canary-ended' }>;
type Quarantined = Extract<SchedulerEvent, { type: 'quarantine-known' }>;
type CanaryWanted = Extract<SchedulerEvent, { type: 'canary-wanted' }>;
type Resumed = Extract<SchedulerEvent, { type: 'host-resumed' }>;
type DeviceFault = Extract<SchedulerEvent, { type: 'device-fault' }>;

/** A judge's word on a candidate. */
export const noteVerdict = (core: CoreState, device: Device, isBad: boolean): void => {
  if (trusting.noteWord(device.trust, { isBad, others: () => othersOf(device) }, core)) core.canaryDue = true;
  if (!isBad) return;
  // Its devices share a compiler: what that gets wrong shows in all of them.
  device.host.refused += 1;
  if (device.host.refused >= CANARY_REFUSALS && trusting.noteRefusals(device.trust, core)) core.canaryDue = true;
};

/** A compiler's word on a source: any device of the pool tells whether it is right. */
export const noteCompile = (core: CoreState, pool: Pool, isBad: boolean): void => {
  countVerdict(pool.compiles, isBad);
  const [device] = pool.devices;
  if (!isBad || !device || !isBurst(pool.compiles, seenByOthers(pool, 'compiles'))) return;
  if (trusting.noteBurst(device.trust, COMPILES_OUT_OF_LINE, core)) core.canaryDue = true;
};

/** Whether an attempt there met a failure that is not the candidate's. */
export const noteAttempt = (core: CoreState, device: Device, hasFailed: boolean): void => {
  countVerdict(device.attempts, hasFailed);
  if (!hasFailed || !isBurst(device.attempts, seenByOthers(device.pool, 'attempts'))) return;
  if (trusting.noteBurst(device.trust, FAILURES_OUT_OF_LINE, core)) core.canaryDue = true;
};

const COMPILES_OUT_OF_LINE = 'its compiler refuses more of what it is given than is usual for its class';
const FAILURES_OUT_OF_LINE = 'attempts there fail, at no fault of the candidates, more often than is usual for its class';

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
      return quarantine(core, device, 'canary');
    case 'inconclusive':
      return onInconclusive(core, device);
  }
};

/** What no candidate can bring about: the device is quarantined for as long as it lasts, and comes back with a canary. */
export const onDeviceFault = (core: CoreState, { hostId, deviceId, present }: DeviceFault): void => {
  const device = core.hosts.get(hostId)?.devices.get(deviceId);
  if (!device || device.fault === present) return;
  device.fault = present;
  if (!present) return dueNow(core, device);
  if (!device.trust.quarantine) quarantine(core, device, 'fault');
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

/** An operator answers for the host, with whatever is wrong with it: it works again, on probation. */
export const onHostResumed = (core: CoreState, { hostId }: Resumed): void => {
  const host = core.hosts.get(hostId);
  if (!host) return;
  for (const device of host.devices.values()) {
    device.fault = false;
    if (device.trust.quarantine) release(core, device);
  }
};

/** Attached: what was asked over an earlier connection is never answered, and what became due meanwhile is asked. */
export const askAgain = (core: CoreState, host: Host): void => {
  core.canaryDue = true;
  for (const { trust } of host.devices.values()) trusting.askAgain(trust, core);
};

const ask = (core: CoreState, device: Device): void => {
  trusting.ask(device.trust, core);
  device.host.refused = 0;
  emit(core, { type: 'canary', ...idsOf(device), suspicion: device.trust.suspicion });
};

/** Our own code cannot be judged there, again and again: whatever it is, it is not the candidates. */
const onInconclusive = (core: CoreState, device: Device): void => {
  trusting.noteInconclusive(device.trust, core);
  if (device.trust.inconclusive >= CANARIES_INCONCLUSIVE_MAX && !device.trust.quarantine) quarantine(core, device, 'unjudged');
};

const onPassed = (core: CoreState, device: Device, serviceMs: number): void => {
  if (device.fault) return device.trust.quarantine ? stayOut(core, device) : quarantine(core, device, 'fault');
  const passed = trusting.notePassed(device.trust, serviceMs, core);
  if (passed === 'again') return dueNow(core, device);
  const returned = passed === 'returned';
  if (device.pool) absorb(device.pool.compiles);
  emit(core, { type: 'trust', ...idsOf(device), returned, isOnProbation: returned || device.trust.probation !== null });
  if (returned) release(core, device);
};

/** It passed, and what is wrong with it is still there. */
const stayOut = (core: CoreState, { trust }: Device): void => {
  trust.asked = null;
  const { canaryBackoffMs, canaryBackoffMsMax } = core.options;
  trust.dueMs = core.nowMs + doubledMs(trust.quarantine?.failures ?? 1, { minMs: canaryBackoffMs, maxMs: canaryBackoffMsMax });
};

const release = (core: CoreState, device: Device): void => {
  trusting.release(device.trust, core);
  device.available = takesWork(device);
  refreshPools(core, device.host);
};

/** The compiler is the whole host's: its other devices are looked at too, at once. */
const quarantine = (core: CoreState, device: Device, cause: QuarantineCause): void => {
  const isNew = device.trust.quarantine === null;
  if (isNew && isBreakerOpen(device)) return keepWorking(core, device, cause);
  const { failures, retryMs } = trusting.noteFailed(device.trust, core);
  emit(core, { type: 'quarantine', ...idsOf(device), failures, retryMs, cause, isNew });
  if (!isNew) return;
  const { host } = device;
  device.available = false;
  retract(core, retractable(device), null);
  forgetScreenings(core, device);
  refreshPools(core, host);
  for (const other of host.devices.values()) if (other !== device && !other.trust.quarantine) dueNow(core, other);
};

/** Too many would be gone: either the evidence is wrong or the class is, and a person has to say which. It is asked again like one that is out. */
const keepWorking = (core: CoreState, device: Device, cause: QuarantineCause): void => {
  device.trust.asked = null;
  device.trust.dueMs = core.nowMs + core.options.canaryBackoffMs;
  emit(core, { type: 'quarantine-held', ...idsOf(device), cause });
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
const othersOf = ({ pool }: Device): Count => seenByOthers(pool, 'verdicts');

const seenByOthers = (pool: Pool | null, what: keyof Seen): Count =>
  pool === null ? NOTHING : without(pool.class.seen[what], seenBy(pool, what));

/** By the pool's host, in all of its pools of the class. */
function* seenBy({ host, class: of }: Pool, what: keyof Seen): Generator<Count> {
  for (const own of host.pools.values()) if (own.class === of) yield own.seen[what];
}

const NOTHING: Count = { total: 0, bad: 0 };
