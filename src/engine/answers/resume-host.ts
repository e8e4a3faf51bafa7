/** An operator answers for a host: its devices and its compiler work again. */
import type { HostResumed } from '../../domain/api/fleet.ts';
import type { HostId } from '../../domain/ids.ts';
import { resumeDevices } from '../canaries/quarantine.ts';
import { resumeCompiler } from '../compiling/compiler-quarantine.ts';
import type { CanariesSlice, CompilersSlice } from '../state.ts';
import { hostNamed } from '../host-state.ts';

type Resuming = CompilersSlice & CanariesSlice;

export const resumeHost = (state: Resuming, hostId: HostId): HostResumed => {
  const host = hostNamed(state.hosts, hostId);
  return { host: hostId, devices: [...resumeDevices(state, host)], compiler: resumeCompiler(state, host) };
};
