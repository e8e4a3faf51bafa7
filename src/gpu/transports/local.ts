/** Runner on this machine: started detached, reached through its UNIX socket. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { KilnError } from '../../domain/errors.ts';
import type { Transport } from '../host-session.ts';
import type { RunnerArchive } from '../runner-archive.ts';
import { boot, bootAndRead, type BootOptions } from './boot.ts';
import { streamOf } from './remote-command.ts';
import { type ProcessEnvironment, spawnWith } from './spawn.ts';
import { parseStarted } from './started.ts';
import { createWorkStreams } from './work-streams.ts';

export interface LocalTransportOptions {
  readonly archive: () => Promise<RunnerArchive>;
  readonly folder: string;
  /** What the runner and everything it starts will see. */
  readonly env: ProcessEnvironment;
}

export const createLocalTransport = ({ archive, folder, env }: LocalTransportOptions): Transport => {
  const optionsOf = async (signal: AbortSignal): Promise<BootOptions> => ({
    execute: spawnWith([], env),
    archive: await archive(),
    folder,
    signal,
  });
  const openWork = createWorkStreams();
  return {
    open: async (signal) => {
      const { socket } = parseStarted(await bootAndRead('start', await optionsOf(signal)));
      return connectTo(socket, signal);
    },
    openWork: async (signal) =>
      openWork({
        start: async () => bootAndRead('hostwork', await optionsOf(signal)),
        connect: async (path) => connectTo(path, signal),
        attach: async () => streamOf(await boot('hostwork-attach', await optionsOf(signal))),
      }),
    stopRunner: async (signal) => {
      await bootAndRead('stop', await optionsOf(signal));
    },
    close: async () => {},
  };
};

const connectTo = async (path: string, signal: AbortSignal): Promise<Socket> => {
  const socket = connect(path);
  try {
    await once(socket, 'connect', { signal });
  } catch (cause) {
    socket.destroy();
    throw new KilnError('HOST_UNREACHABLE', `the local runner does not answer at ${path}`, { cause });
  }
  return socket;
};
