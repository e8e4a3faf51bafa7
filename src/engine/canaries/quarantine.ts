/** What follows from canaries: devices that are trusted, devices that are quarantined, and verdicts that are taken back. */
import type { CanaryState, Quarantine, QuarantineCause } from '../../domain/canary.ts';
import type { DeviceId, HostId } from '../../domain/ids.ts';
import type { Doubt } from '../../domain/ports/store.ts';
import type { Effect } from '../../scheduler/effects.ts';
import { quarantineOf, writeCanaryState } from './canary-state.ts';
import type { Marks } from './marks.ts';
import type { HostState } from '../host-state.ts';
import type { CanariesSlice } from '../state.ts';
import { reopenAll } from './reopen.ts';

type Of<T extends Effect['type']> = Extract<Effect, { type: T }>;

export const onTrusted = (state: CanariesSlice, { hostId, deviceId, returned, isOnProbation }: Of<'trust'>): void => {
  const host = state.hosts.get(hostId);
  const last = host?.canaries.last.get(deviceId);
  if (!host || !last) return;
  const { canaries } = host;
  const doubt = doubtOfKept(host, deviceId);
  for (const findings of [canaries.quarantines, canaries.failed, canaries.suspicions, canaries.kept]) findings.delete(deviceId);
  if (returned) canaries.marks.problems = markOf(state.now());
  if (!isOnProbation) canaries.probations.delete(deviceId);
  const trust = (): void => {
    canaries.trustedAtMs.set(deviceId, last.askedAtMs);
    writeCanaryState(state, host, { deviceId });
  };
  if (doubt) void reopenAll(state, doubt).finally(trust);
  else trust();
  if (returned) onReturned(state, host, { deviceId, by: 'a known-good candidate passed' });
};

export const onQuarantined = (state: CanariesSlice, effect: Of<'quarantine'>): void => {
  const { hostId, deviceId, failures, retryMs, cause, isNew } = effect;
  const host = state.hosts.get(hostId);
  if (!host) return;
  const { canaries } = host;
  const nowMs = state.now();
  const { reason, doubtsVerdicts } = whyOf(host, effect);
  const before = isNew ? null : (canaries.quarantines.get(deviceId) ?? null);
  const out = quarantineOf(before, { reason, failures, retryMs }, nowMs);
  canaries.quarantines.set(deviceId, { ...out, cause, doubtsVerdicts });
  for (const findings of [canaries.suspicions, canaries.probations, canaries.kept]) findings.delete(deviceId);
  state.metrics.setQuarantined(hostId, deviceId, true);
  if (isNew) {
    const what = doubtsVerdicts ? 'a device is quarantined, its verdicts are taken back' : 'a device is quarantined';
    state.log.error({ hostId, deviceId, cause, reason }, what);
    note(state, 'device.quarantined', { hostId, deviceId, data: { reason } });
  }
  // What its compiler made is not used any more. The references stay until it is known to be right again: canaries are compared with them.
  if (cause === 'canary' && (before === null || (before.cause ?? 'canary') !== 'canary')) canaries.marks.code = markOf(nowMs);
  const after = (): void => void (doubtsVerdicts && reopenAll(state, { hostId, deviceId, reason }));
  writeCanaryState(state, host, { deviceId, after });
};

/** Its verdicts are taken back once it passes, or somebody says what becomes of it: then it is known which. */
export const onQuarantineKept = (state: CanariesSlice, effect: Of<'quarantine-held'>): void => {
  const { hostId, deviceId, cause } = effect;
  const host = state.hosts.get(hostId);
  if (!host) return;
  const { reason, doubtsVerdicts } = whyOf(host, effect);
  const before = host.canaries.kept.get(deviceId);
  // The first cause is told, until one comes that doubts more.
  if (before && (before.doubtsVerdicts || !doubtsVerdicts)) return;
  const why = `${causeText(cause, reason)}; it works on, since more than half of its class would be out`;
  const since = before?.finding.since ?? new Date(state.now()).toISOString();
  host.canaries.kept.set(deviceId, { finding: { reason: why, since }, doubtsVerdicts });
  state.log.error({ hostId, deviceId, cause, reason }, 'a device is not quarantined: more than half of its class would be out');
};

/** Somebody quarantined it: what it said since it should have been out does not stand. */
export const onKeptQuarantined = (state: CanariesSlice, host: HostState, deviceId: DeviceId): void => {
  const doubt = doubtOfKept(host, deviceId);
  if (doubt) void reopenAll(state, doubt);
};

/** What it said while it should have been out does not stand, unless what is wrong with it spoils no verdict: then null. */
const doubtOfKept = ({ canaries, session: { hostId } }: HostState, deviceId: DeviceId): Doubt | null => {
  const kept = canaries.kept.get(deviceId);
  return kept?.doubtsVerdicts ? { hostId, deviceId, reason: kept.finding.reason } : null;
};

/** What took it out; a fault that does not make it compute wrongly doubts none of its verdicts. */
const whyOf = (
  { canaries }: HostState,
  { deviceId, cause }: Pick<Of<'quarantine'>, 'deviceId' | 'cause'>,
): { readonly reason: string; readonly doubtsVerdicts: boolean } => {
  switch (cause) {
    case 'canary':
      return { reason: canaries.last.get(deviceId)?.reason ?? 'no reason was told', doubtsVerdicts: true };
    case 'unjudged':
      return { reason: canaries.unjudged.get(deviceId) ?? 'no reason was told', doubtsVerdicts: false };
    case 'fault':
      return canaries.faults.get(deviceId) ?? { reason: 'no reason was told', doubtsVerdicts: false };
  }
};

/** In words, after "it is quarantined: ". */
export const causeText = (cause: QuarantineCause, reason: string): string => {
  switch (cause) {
    case 'canary':
      return `it failed a known-good candidate (${reason})`;
    case 'unjudged':
      return `known-good candidates cannot be judged there (${reason})`;
    case 'fault':
      return reason;
  }
};

/** Devices of the host work again because an operator says so. Returns those that were quarantined, or would have been. */
export const resumeDevices = (state: CanariesSlice, host: HostState): readonly DeviceId[] => {
  const { canaries, session } = host;
  const quarantined = [...canaries.quarantines.keys()];
  const kept = [...canaries.kept.keys()];
  if (quarantined.length > 0) Object.assign(canaries.marks, { code: markOf(state.now()), problems: markOf(state.now()) });
  for (const deviceId of kept) {
    onKeptQuarantined(state, host, deviceId);
    canaries.kept.delete(deviceId);
    acceptFault(host, deviceId);
  }
  for (const deviceId of quarantined) {
    canaries.quarantines.delete(deviceId);
    canaries.failed.delete(deviceId);
    acceptFault(host, deviceId);
    writeCanaryState(state, host, { deviceId });
    onReturned(state, host, { deviceId, by: 'an operator said so' });
  }
  state.apply({ type: 'host-resumed', hostId: session.hostId });
  return [...quarantined, ...kept];
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
    if (quarantine.doubtsVerdicts !== false) void reopenAll(state, { hostId, deviceId, reason: quarantine.reason });
  }
};

/** An operator answers for it as it is: the same is no reason any more, until it gets worse. */
const acceptFault = ({ canaries }: HostState, deviceId: DeviceId): void => {
  const fault = canaries.faults.get(deviceId);
  if (fault) canaries.accepted.set(deviceId, fault.reason);
  canaries.faults.delete(deviceId);
};

/** Sorts by time. */
export const markOf = (nowMs: number): string => `compiled after ${new Date(nowMs).toISOString()}`;

/** Each device of a host keeps them as they were when it was last looked at. */
const laterOf = (one: Marks, other: Marks): Marks => ({
  code: one.code > other.code ? one.code : other.code,
  problems: one.problems > other.problems ? one.problems : other.problems,
});

/** Of a device view: why it takes no work. */
export const quarantineText = ({ reason, since, retryAt, cause = 'canary' }: Quarantine): string =>
  `quarantined since ${since}: ${causeText(cause, reason)}${retryAt === null ? '' : `; next try at ${retryAt}`}`;

interface Noted {
  readonly hostId: HostId;
  readonly deviceId: DeviceId;
  readonly data: Record<string, unknown>;
}

const note = (state: CanariesSlice, type: 'device.quarantined' | 'device.returned', { hostId, deviceId, data }: Noted): void =>
  state.writeBehind.add({ type: 'event', event: { type, candidateId: null, hostId, data: { deviceId, ...data } } });

const onReturned = (
  state: CanariesSlice,
  { canaries, session: { hostId } }: HostState,
  { deviceId, by }: { readonly deviceId: DeviceId; readonly by: string },
): void => {
  const reason = `${by}; known-good candidates follow soon after each other`;
  canaries.probations.set(deviceId, { reason, since: new Date(state.now()).toISOString() });
  state.metrics.setQuarantined(hostId, deviceId, false);
  state.log.info({ hostId, deviceId }, `the device works again: ${by}`);
  note(state, 'device.returned', { hostId, deviceId, data: { reason: by } });
};
