/** A host session over a scripted transport and a clock that is moved by hand. */
import type { HostConfig } from '../../src/domain/fleet.ts';
import { HostId } from '../../src/domain/ids.ts';
import type { HostEvent, HostSession } from '../../src/domain/ports/host-session.ts';
import { createHostSession } from '../../src/gpu/host-session.ts';
import { ManualClock, settled } from './manual-clock.ts';
import { helloOf, ScriptedTransport } from './scripted-runner.ts';

const HOST: HostConfig = {
  name: HostId.parse('box'),
  transport: {
    kind: 'ssh',
    target: {
      host: 'h',
      port: 22,
      user: 'u',
      credential: { kind: 'agent', socket: '/s', identity: null },
      hostKey: { kind: 'none' },
      jump: null,
    },
  },
  labels: ['a'],
  gpus: { kind: 'all' },
  cpu: false,
  compileSlots: null,
  runnerDir: null,
};

export const sessionRig = (host: Partial<HostConfig> = {}) => {
  const transport = new ScriptedTransport();
  const clock = new ManualClock();
  const warnings: string[] = [];
  const events: HostEvent[] = [];
  const session: HostSession = createHostSession({
    config: { ...HOST, ...host },
    address: 'u@h:22',
    transport,
    daemonId: 'd1',
    leaseMs: 1000,
    idleExitMs: 2000,
    clock,
    random: () => 1,
    log: { info: () => undefined, warn: (_facts, message) => warnings.push(message) },
  });
  const start = async (): Promise<void> => {
    session.start((event) => events.push(event));
    await settled();
  };
  const connect = async (inventory: Parameters<typeof helloOf>[0] = {}): Promise<void> => {
    transport.last.send(helloOf(inventory));
    await settled();
  };
  return { transport, clock, warnings, events, session, start, connect, types: () => events.map((event) => event.type) };
};
