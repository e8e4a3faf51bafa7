/** Runner behind any command that runs a program with stdin and stdout attached: kubectl exec, docker exec, srun. */
import type { Duplex } from 'node:stream';
import type { Transport } from '../host-session.ts';
import type { RunnerArchive } from '../runner-archive.ts';
import { boot, bootAndRead, type BootMode, type BootOptions } from './boot.ts';
import { streamOf } from './remote-command.ts';
import { type ProcessEnvironment, spawnWith } from './spawn.ts';

export interface CommandTransportOptions {
  readonly argv: readonly string[];
  readonly archive: () => Promise<RunnerArchive>;
  /** Folder on the host. */
  readonly folder: string;
  /** Environment of the command. */
  readonly env: ProcessEnvironment;
}

export const createCommandTransport = ({ argv, archive, folder, env }: CommandTransportOptions): Transport => {
  const streams = new Set<Duplex>();
  const optionsOf = async (signal: AbortSignal): Promise<BootOptions> => ({
    execute: spawnWith(argv, env),
    archive: await archive(),
    folder,
    signal,
  });
  const openStream = async (mode: BootMode, signal: AbortSignal): Promise<Duplex> => {
    const opened = streamOf(await boot(mode, await optionsOf(signal)));
    streams.add(opened);
    opened.once('close', () => streams.delete(opened));
    return opened;
  };
  return {
    open: async (signal) => openStream('attach', signal),
    openWork: async (signal) => openStream('hostwork-attach', signal),
    stopRunner: async (signal) => {
      await bootAndRead('stop', await optionsOf(signal));
    },
    close: async () => {
      for (const stream of streams) stream.destroy();
    },
  };
};
