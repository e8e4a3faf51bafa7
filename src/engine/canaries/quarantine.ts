/** What follows from canaries: devices that are trusted, devices that are quarantined, and verdicts that are taken back. */
import type { CanaryState, Quarantine } from '../../domain/canary.ts';
import type { DeviceId, HostId } from '../../domain/ids.ts';
import type { Effect } from '../../scheduler/effects.ts';
import { quarantineOf, writeCanaryState } from './canary-state.ts';
import type { Marks } from './marks.ts';
import type { HostState } from '../host-state.ts';
import type { CanariesSlice } from '../state.ts';
import { reopenAll } from './reopen.ts';

type Of<T extends Effect['type']> = Extract<Effect, { type: T }>;

export const onTrusted = (state: CanariesSlice, { hostId, deviceId, returned }: Of<'trust'>): void => {
  const host = state.hosts.get(hostId);
  const last = host?.canaries.last.get(deviceId);
  if (!host || !last) return;
  host.canaries.trustedAtMs.set(deviceId, last.askedAtMs);
  host.canaries.quarantines.delete(deviceId);
  host.canaries.failed.delete(deviceId);
  if (returned) host.canaries.marks.problems = markOf(state.now());
  writeCanaryState(state, host, { deviceId });
  if (returned) onReturned(state, { hostId, deviceId, by: 'a known-good candidate passed' });
};

export const onQuarantined = (state: CanariesSlice, { hostId, deviceId, failures, retryMs }: Of<'quarantine'>): void => {
  const host = state.hosts.get(hostId);
  const last = host?.canaries.last.get(deviceId);
  if (!host || !last) return;
  const nowMs = state.now();
  const { reason } = last;
  const before = host.canaries.quarantines.get(deviceId) ?? null;
  host.canaries.quarantines.set(deviceId, quarantineOf(before, { reason, failures, retryMs }, nowMs));
  state.metrics.setQuarantined(hostId, deviceId, true);
  if (failures === 1) {
    state.log.error(
      { hostId, deviceId, reason },
      'a known-good candidate failed: the device is quarantined, its verdicts are taken back',
    );
    note(state, 'device.quarantined', { hostId, deviceId, data: { reason } });
    // What its compiler made is not used any more. The references stay until it is known to be right again: canaries are compared with them.
    host.canaries.marks.code = markOf(nowMs);
  }
  writeCanaryState(state, host, { deviceId, after: () => void reopenAll(state, { hostId, deviceId, reason }) });
};

/** Devices of the host work again because an operator says so. Returns those that were quarantined. */
export const resumeDevices = (state: CanariesSlice, host: HostState): readonly DeviceId[] => {
  const { hostId } = host.session;
  const devices = [...host.canaries.quarantines.keys()];
  if (devices.length > 0) Object.assign(host.canaries.marks, { code: markOf(state.now()), problems: markOf(state.now()) });
  for (const deviceId of devices) {
    host.canaries.quarantines.delete(deviceId);
    host.canaries.failed.delete(deviceId);
    writeCanaryState(state, host, { deviceId });
    onReturned(state, { hostId, deviceId, by: 'an operator said so' });
  }
  state.apply({ type: 'host-resumed', hostId });
  return devices;
};

/** At a start, before anything is judged. What was in doubt and not yet taken back is taken back now. */
export const recoverCanaries = (state: CanariesSlice, records: readonly CanaryState[]): void => {
  for (const { hostId, deviceId, trustedAt, quarantine, marks } of records) {
    const host = state.hosts.get(hostId);
    if (host) Object.assign(host.canaries.marks, laterOf(host.canaries.marks, marks));
    if (deviceId === null) continue;
    if (host && trustedAt !== null) host.canaries.trustedAtMs.set(deviceId, Date.parse(trustedAt));
    if (!quarantine) continue;
    host?.canaries.quarantines.set(deviceId, quarantine);
    state.metrics.setQuarantined(hostId, deviceId, true);
    if (host) state.apply({ type: 'quarantine-known', hostId, deviceId, failures: quarantine.failures });
    void reopenAll(state, { hostId, deviceId, reason: quarantine.reason });
  }
};

/** Sorts by time. */
export const markOf = (nowMs: number): string => `compiled after ${new Date(nowMs).toISOString()}`;

/** Each device of a host keeps them as they were when it was last looked at. */
const laterOf = (one: Marks, other: Marks): Marks => ({
  code: one.code > other.code ? one.code : other.code,
  problems: one.problems > other.problems ? one.problems : other.problems,
});

/** Of a device view: why it takes no work. */
export const quarantineText = ({ reason, since, retryAt }: Quarantine): string =>
  `quarantined since ${since}: it failed a known-good candidate (${reason})${retryAt === null ? '' : `; next try at ${retryAt}`}`;

interface Noted {
  readonly hostId: HostId;
  readonly deviceId: DeviceId;
  readonly data: Record<string, unknown>;
}

const note = (state: CanariesSlice, type: 'device.quarantined' | 'device.returned', { hostId, deviceId, data }: Noted): void =>
  state.writeBehind.add({ type: 'event', event: { type, candidateId: null, hostId, data: { deviceId, ...data } } });

const onReturned = (
  state: CanariesSlice,
  { hostId, deviceId, by }: { readonly hostId: HostId; readonly deviceId: DeviceId; readonly by: string },
): void => {
  state.metrics.setQuarantined(hostId, deviceId, false);
  state.log.info({ hostId, deviceId }, `the device works again: ${by}`);
  note(state, 'device.returned', { hostId, deviceId, data: { reason: by } });
};
