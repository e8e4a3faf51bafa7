import type { Buffer } from 'node:buffer';
import { DeviceId, HostId } from '../../src/domain/ids.ts';
import type { Inventory } from '../../src/domain/protocol.ts';
import { isCompileHost } from '../../src/engine/compiling/compile-hosts.ts';
import type { HostSession } from '../../src/domain/ports/host-session.ts';
import { newConnection } from '../../src/engine/host-state.ts';
import type { HostState } from '../../src/engine/host-state.ts';
import { createHost } from '../../src/engine/hosts/create-host.ts';
import type { EngineState } from '../../src/engine/state.ts';
import { INVENTORY } from './scripted-runner.ts';

export const MODEL = 'NVIDIA H100 80GB HBM3';
export const COMPILER = 'NVRTC 13.0 (1 bytes), headers a';
const gpu = { ...INVENTORY.devices[0], id: DeviceId.parse('GPU-1'), kind: 'gpu', model: MODEL, architecture: 'sm_90a' };

/** The state of an engine, and its hosts to be added to. */
interface Fleet {
  readonly state: Pick<EngineState, 'bundles' | 'compileHosts'>;
  readonly hosts: Map<HostId, HostState>;
}

type Change = Partial<Inventory> & { readonly gpus?: number };

/** A host in the state of an engine, whose session notes what it is asked as "verb artifact-or-compile-id". */
export const createNotingHost = ({ state, hosts }: Fleet, name: string, { gpus = 0, ...inventory }: Change) => {
  const said: string[] = [];
  const note = (text: string): boolean => {
    said.push(text);
    return host.connection.state === 'connected';
  };
  const session = {
    hostId: HostId.parse(name),
    labels: [],
    compile: (id: string) => note(`compile ${id.split('@')[1]}`),
    cancelCompile: (id: string) => note(`cancel ${id.split('@')[1]}`),
    fetchArtifact: (artifact: string) => note(`fetch ${artifact.charAt(0)}`),
    putArtifact: (artifact: string, { bytes }: { bytes: Buffer }) => note(`put ${artifact.charAt(0)} ${bytes.toString()}`),
  } as Partial<HostSession> as HostSession;
  const devices = Array.from({ length: gpus }, () => gpu) as HostState['devices'];
  const connection = newConnection([]);
  const host: HostState = {
    ...createHost(session, state.bundles),
    connection,
    devices,
    inventory: { ...INVENTORY, compileSlots: 1, compilers: { cuda: COMPILER }, ...inventory },
  };
  hosts.set(session.hostId, host);
  if (isCompileHost(host)) state.compileHosts.add(host);
  return { host, connection, said };
};
