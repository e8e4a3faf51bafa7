/** An operator answers for a host: its devices and its compiler work again. */
import type { HostResumed } from '../../domain/api/fleet.ts';
import type { HostId } from '../../domain/ids.ts';
import { resumeDevices } from '../canaries/quarantine.ts';
import { resumeCompiler } from '../compiling/compiler-quarantine.ts';
import { noteDeviceStates } from '../hosts/device-states.ts';
import type { CanariesSlice, CompilersSlice, HostsSlice } from '../state.ts';
import { hostNamed } from '../host-state.ts';

type Resuming = CompilersSlice & CanariesSlice & HostsSlice;

export const resumeHost = (state: Resuming, hostId: HostId): HostResumed => {
  const host = hostNamed(state.hosts, hostId);
  const devices = [...resumeDevices(state, host)];
  noteDeviceStates(state, host);
  return { host: hostId, devices, compiler: resumeCompiler(state, host) };
};
