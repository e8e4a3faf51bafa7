import type { Buffer } from 'node:buffer';
import { DeviceId, HostId } from '../../src/domain/ids.ts';
import type { Inventory } from '../../src/domain/protocol.ts';
import { createCompileCounts } from '../../src/engine/compiling/compile-counts.ts';
import { isCompileHost } from '../../src/engine/compiling/compile-hosts.ts';
import { createKnownArtifacts } from '../../src/engine/compiling/known-artifacts.ts';
import { createFetches, createPuts } from '../../src/engine/compiling/transfers.ts';
import type { HostSession } from '../../src/domain/ports/host-session.ts';
import type { EngineState, HostState } from '../../src/engine/state.ts';
import { INVENTORY } from '../unit/gpu/scripted-runner.ts';

export const MODEL = 'NVIDIA H100 80GB HBM3';
export const COMPILER = 'NVRTC 13.0 (1 bytes), headers a';
const gpu = { ...INVENTORY.devices[0], id: DeviceId.parse('GPU-1'), kind: 'gpu', model: MODEL, architecture: 'sm_90a' };

type Change = Partial<Inventory> & { readonly gpus?: number };

/** A host in the state of an engine, whose session notes what it is asked as "verb artifact-or-compile-id". */
export const createHost = (state: EngineState, name: string, { gpus = 0, ...inventory }: Change) => {
  const said: string[] = [];
  const note = (text: string): boolean => {
    said.push(text);
    return host.state === 'connected';
  };
  const session = {
    hostId: HostId.parse(name),
    compile: (id: string) => note(`compile ${id.split('@')[1]}`),
    cancelCompile: (id: string) => note(`cancel ${id.split('@')[1]}`),
    fetchArtifact: (artifact: string) => note(`fetch ${artifact.charAt(0)}`),
    putArtifact: (artifact: string, { bytes }: { bytes: Buffer }) => note(`put ${artifact.charAt(0)} ${bytes.toString()}`),
  } as Partial<HostSession> as HostSession;
  const devices = Array.from({ length: gpus }, () => gpu) as HostState['devices'];
  const host = {
    session,
    state: 'connected',
    devices,
    inventory: { ...INVENTORY, compileSlots: 1, compilers: { cuda: COMPILER }, ...inventory },
    known: createKnownArtifacts(),
    recordCompiles: new Map(),
    asked: new Map(),
    resting: null,
    restsUntilMs: new Map(),
    marks: { code: '', problems: '' },
    fetches: createFetches(session),
    puts: createPuts(session, state.bundles),
    compileCounts: createCompileCounts(),
  } as Partial<HostState> as HostState;
  state.hosts.set(session.hostId, host);
  if (isCompileHost(host)) state.compileHosts.add(host);
  return { host, said };
};
