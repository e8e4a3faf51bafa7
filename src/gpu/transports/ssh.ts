/**
 * Runner over SSH: one connection, one command to start the runner, then a stream to its socket. Where sshd forbids socket
 * forwarding (AllowStreamLocalForwarding no) or the way passes a server that cannot, the runner's bridge is that stream.
 */
import type { Duplex } from 'node:stream';
import { KilnError } from '../../domain/errors.ts';
import type { SshTarget } from '../../domain/fleet.ts';
import type { Transport } from '../host-session.ts';
import type { RunnerArchive } from '../runner-archive.ts';
import { boot, bootAndRead, type BootOptions } from './boot.ts';
import { onceClosed, streamOf } from './remote-command.ts';
import { connectSsh, type SshConnection } from './ssh-connection.ts';
import { describeTarget } from './ssh-failure.ts';
import { parseStarted } from './started.ts';
import { createWorkStreams } from './work-streams.ts';

export interface SshTransportOptions {
  readonly target: SshTarget;
  readonly archive: () => Promise<RunnerArchive>;
  /** Folder on the host. */
  readonly folder: string;
}

export const createSshTransport = ({ target, archive, folder }: SshTransportOptions): Transport => {
  const connections = new Set<SshConnection>();
  /** The one that the runner is attached by, and the way to people's work over it. */
  let attached: { readonly connection: SshConnection; readonly openWork: ReturnType<typeof createWorkStreams> } | null = null;

  const connected = async (
    signal: AbortSignal,
  ): Promise<{ readonly connection: SshConnection; readonly options: BootOptions }> => {
    const packed = await archive();
    const connection = await connectSsh(target, signal);
    connections.add(connection);
    void connection.closed.then(() => connections.delete(connection));
    return { connection, options: { execute: connection.execute, archive: packed, folder, signal } };
  };

  return {
    open: async (signal) => {
      const { connection, options } = await connected(signal);
      try {
        const stream = await openStream(connection, options);
        attached = { connection, openWork: createWorkStreams() };
        onceClosed(stream, connection.end);
        void connection.closed.then(() => stream.destroy());
        return stream;
      } catch (error) {
        connection.end();
        throw error;
      }
    },
    openWork: async (signal) => {
      if (!attached || !connections.has(attached.connection))
        throw new KilnError('HOST_NOT_CONNECTED', `${describeTarget(target)}: the connection has ended; it is made again`);
      const { connection, openWork } = attached;
      const options = { execute: connection.execute, archive: await archive(), folder, signal };
      return openWork({
        start: async () => bootAndRead('hostwork', options),
        connect: connection.openBulkSocket,
        attach: async () => streamOf(await boot('hostwork-attach', options)),
      });
    },
    stopRunner: async (signal) => {
      const { connection, options } = await connected(signal);
      try {
        await bootAndRead('stop', options);
      } finally {
        connection.end();
      }
    },
    close: async () => {
      const open = [...connections];
      for (const connection of open) connection.end();
      await Promise.all(open.map(async (connection) => connection.closed));
    },
  };
};

const openStream = async (connection: SshConnection, options: BootOptions): Promise<Duplex> => {
  const { socket } = parseStarted(await bootAndRead('start', options));
  try {
    return await connection.openSocket(socket);
  } catch {
    // Forwarding is refused here; should the connection itself be gone, the bridge fails with the reason.
    return streamOf(await boot('attach', options));
  }
};
