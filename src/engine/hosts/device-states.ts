/** The states of a host's devices (domain/hosts/device-state.ts), and who is told when one changes. */
import type { Device } from '../../domain/device.ts';
import type { DeviceState } from '../../domain/hosts/device-state.ts';
import { holdText } from '../../domain/hosts/hold.ts';
import type { DeviceId } from '../../domain/ids.ts';
import { causeText } from '../canaries/quarantine.ts';
import { holdOf, type HostState } from '../host-state.ts';
import type { HostsSlice } from '../state.ts';

/** After anything that may change one. */
export const noteDeviceStates = (state: HostsSlice, host: HostState): void => {
  for (const device of host.devices) {
    const before = host.states.get(device.id) ?? null;
    const healthy: DeviceState =
      before?.state === 'healthy' ? before : { state: 'healthy', reason: null, since: nowOf(state), needsPerson: false };
    const after = stateOf(host, device) ?? healthy;
    if (before && before.state === after.state && before.reason === after.reason) continue;
    host.states.set(device.id, after);
    if (before?.state !== after.state) onChanged(state, host, { deviceId: device.id, before, after });
  }
};

/** Null: nothing speaks against it. */
const stateOf = (host: HostState, { id }: Device): DeviceState | null => {
  const { canaries } = host;
  const hold = holdOf(host, id);
  if (hold?.state === 'quarantined')
    return { state: 'quarantined', reason: holdText(hold), since: hold.since, needsPerson: false };
  const out = canaries.quarantines.get(id);
  if (out) {
    const { cause = 'canary', reason, since } = out;
    return { state: 'quarantined', reason: causeText(cause, reason), since, needsPerson: cause !== 'canary' };
  }
  const kept = canaries.kept.get(id);
  if (kept) return { state: 'suspect', ...kept.finding, needsPerson: true };
  const suspicion = canaries.suspicions.get(id) ?? canaries.brakes.get(id);
  if (suspicion) return { state: 'suspect', ...suspicion, needsPerson: false };
  const probation = canaries.probations.get(id);
  return probation ? { state: 'probation', ...probation, needsPerson: false } : null;
};

const nowOf = ({ now }: Pick<HostsSlice, 'now'>): string => new Date(now()).toISOString();

interface Changed {
  readonly deviceId: DeviceId;
  readonly before: DeviceState | null;
  readonly after: DeviceState;
}

const onChanged = (state: HostsSlice, { session: { hostId } }: HostState, { deviceId, before, after }: Changed): void => {
  // That it is healthy at first is no news.
  if (before === null && after.state === 'healthy') return;
  const data = { deviceId, ...after, before: before?.state ?? null };
  state.writeBehind.add({ type: 'event', event: { type: 'device.state', candidateId: null, hostId, data } });
  state.onDeviceState({ hostId, deviceId, before: before?.state ?? null, ...after });
};
