/** What canaries told of a device, or of a host's compiler, as it is kept and shown. */
import type { CanaryState, Quarantine } from '../../domain/canary.ts';
import type { DeviceId } from '../../domain/ids.ts';
import type { HostState } from '../host-state.ts';
import type { CanariesSlice } from '../state.ts';

interface Failed {
  readonly reason: string;
  readonly failures: number;
  readonly retryMs: number;
}

/** `before`: the one that it is in already. */
export const quarantineOf = (before: Quarantine | null, { reason, failures, retryMs }: Failed, nowMs: number): Quarantine => ({
  reason,
  since: before?.since ?? new Date(nowMs).toISOString(),
  failures,
  retryAt: new Date(nowMs + retryMs).toISOString(),
});

/** `deviceId` null: of the host's compiler. `after`: once it is committed. */
export const writeCanaryState = (
  { writeBehind }: Pick<CanariesSlice, 'writeBehind'>,
  host: HostState,
  { deviceId, after = () => undefined }: { readonly deviceId: DeviceId | null; readonly after?: () => void },
): void => {
  const { trustedAtMs, quarantine } = deviceId === null ? host.compiler : knownOf(host, deviceId);
  const canary: CanaryState = {
    hostId: host.session.hostId,
    deviceId,
    trustedAt: trustedAtMs === null ? null : new Date(trustedAtMs).toISOString(),
    quarantine,
    marks: { ...host.canaries.marks },
  };
  writeBehind.add({ type: 'canary', canary, after });
};

const knownOf = ({ canaries }: HostState, deviceId: DeviceId) => ({
  trustedAtMs: canaries.trustedAtMs.get(deviceId) ?? null,
  quarantine: canaries.quarantines.get(deviceId) ?? null,
});
