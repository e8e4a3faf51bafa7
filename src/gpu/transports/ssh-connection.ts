/** One authenticated SSH connection: host key checked, Nagle off, kept alive, through any number of jump hosts. */
import type { Duplex } from 'node:stream';
import type { Client as SshClient, ClientChannel, ConnectConfig } from 'ssh2';
import { KilnError } from '../../domain/errors.ts';
import type { SshTarget } from '../../domain/fleet.ts';
import { connectInPlace } from '../../platform/reads-in-place.ts';
import { type HostKeyCheck, hostKeyCheck } from '../host-key.ts';
import { credentialOf } from './credential.ts';
import { freeingWritten } from './freeing-written.ts';
import { createGivingWay } from './giving-way.ts';
import { createSshReads, type SshReads } from './ssh-reads.ts';
import { ssh2 } from './ssh2.ts';
import { type Execute, keepTail, type RemoteCommand } from './remote-command.ts';
import { describeTarget, sshFailure } from './ssh-failure.ts';

const READY_MS_MAX = 20_000;
const KEEPALIVE_MS = 5000;
const KEEPALIVES_MISSED_MAX = 3;
/** For what was written to leave; a silent peer gets no longer. */
const END_MS_MAX = 1000;

export interface SshConnection {
  readonly execute: Execute;
  /** A stream to a UNIX socket of the host. Rejects with HOST_UNREACHABLE where sshd forbids it or nobody listens. */
  readonly openSocket: (path: string) => Promise<Duplex>;
  /** The same, for many bytes: they give way to what else is on the connection. */
  readonly openBulkSocket: (path: string) => Promise<Duplex>;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  /** Idempotent, bounded in time. Ends the jump connections too. */
  readonly end: () => void;
}

/** Rejects with HOST_KEY_MISMATCH, HOST_AUTH_REFUSED or HOST_UNREACHABLE; the message says which host and what to do. */
export const connectSsh = async (target: SshTarget, signal: AbortSignal): Promise<SshConnection> => {
  const { client, sock, reads, closed, end } = await connectClient(target, signal);
  const givingWay = createGivingWay(sock);
  return {
    execute: async (argv) => execute(client, argv, target),
    openSocket: async (path) => openSocket(client, path, target),
    openBulkSocket: async (path) => givingWay(reads.gather(await openSocket(client, path, target))),
    closed,
    end,
  };
};

interface OpenClient {
  readonly client: SshClient;
  readonly sock: Duplex;
  readonly reads: SshReads;
  readonly closed: Promise<void>;
  readonly end: () => void;
}

const connectClient = async (target: SshTarget, signal: AbortSignal): Promise<OpenClient> => {
  const jump = target.jump ? await connectClient(target.jump, signal) : null;
  try {
    return await openClient(target, { jump, signal });
  } catch (error) {
    jump?.end();
    throw error;
  }
};

interface Way {
  readonly jump: OpenClient | null;
  readonly signal: AbortSignal;
}

const openClient = async (target: SshTarget, { jump, signal }: Way): Promise<OpenClient> => {
  const check = await hostKeyCheck(target);
  const credential = await credentialOf(target);
  // Our own socket, since ssh2 does not destroy one that it has begun to end; without Nagle, or each command waits 40 ms for an ack.
  const reads = createSshReads();
  const { host, port } = target;
  const sock = freeingWritten(
    jump ? await forward(jump.client, target) : connectInPlace({ host, port, noDelay: true }, reads.isFree),
  );
  const client = new ssh2.Client();
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  // Errors after `ready` end in `close`; without a listener they would end the process.
  client.on('error', () => undefined);
  void closed.then(() => jump?.end());
  try {
    await ready(client, {
      check,
      signal,
      target,
      config: { ...settings(target, check), ...credential, sock, debug: reads.note },
    });
  } catch (error) {
    sock.destroy();
    throw error;
  }
  return { client, sock, reads, closed, end: endOf({ client, closed, sock, jump }) };
};

interface Ending {
  readonly client: SshClient;
  readonly closed: Promise<void>;
  readonly sock: Duplex;
  readonly jump: OpenClient | null;
}

const endOf = ({ client, closed, sock, jump }: Ending): (() => void) => {
  let ending = false;
  return () => {
    if (ending) return;
    ending = true;
    client.end();
    jump?.end();
    const timer = setTimeout(() => sock.destroy(), END_MS_MAX);
    void closed.then(() => clearTimeout(timer));
  };
};

const settings = ({ host, port, user }: SshTarget, check: HostKeyCheck): ConnectConfig => ({
  host,
  port,
  username: user,
  readyTimeout: READY_MS_MAX,
  keepaliveInterval: KEEPALIVE_MS,
  keepaliveCountMax: KEEPALIVES_MISSED_MAX,
  ...(check.algorithms && { algorithms: { serverHostKey: check.algorithms } }),
});

interface Attempt {
  readonly target: SshTarget;
  readonly check: HostKeyCheck;
  readonly signal: AbortSignal;
  readonly config: ConnectConfig;
}

const ready = async (client: SshClient, { target, check, signal, config }: Attempt): Promise<void> => {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    let refused: KilnError | null = null;
    const onAbort = (): void => finish(new KilnError('HOST_UNREACHABLE', `${describeTarget(target)}: connecting was given up`));
    const finish = (error: Error | null): void => {
      signal.removeEventListener('abort', onAbort);
      if (error) reject(refused ?? error);
      else resolve();
    };
    signal.addEventListener('abort', onAbort);
    client.once('ready', () => finish(null));
    client.once('error', (error) => finish(sshFailure(error, target)));
    client.once('close', () =>
      finish(new KilnError('HOST_UNREACHABLE', `${describeTarget(target)}: the server closed the connection`)),
    );
    client.connect({
      ...config,
      hostVerifier: (key: Buffer): boolean => {
        refused = check.verify(key);
        return refused === null;
      },
    });
  });
};

const forward = async (client: SshClient, target: SshTarget): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, target.host, target.port, (error, channel) => {
      if (error)
        reject(
          new KilnError('HOST_UNREACHABLE', `${describeTarget(target)}: the jump host cannot reach it: ${error.message}`, {
            cause: error,
          }),
        );
      else resolve(withoutCrash(channel));
    });
  });

/** Its end is what counts. Without a listener, an error before anybody listens, or after, would end the process. */
const withoutCrash = <Stream extends Duplex>(stream: Stream): Stream => stream.on('error', () => undefined);

const openSocket = async (client: SshClient, path: string, target: SshTarget): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    client.openssh_forwardOutStreamLocal(path, (error: Error | undefined, channel: ClientChannel) => {
      if (error)
        reject(
          new KilnError('HOST_UNREACHABLE', `${describeTarget(target)}: no stream to ${path}: ${error.message}`, {
            cause: error,
          }),
        );
      else resolve(withoutCrash(channel));
    });
  });

const execute = async (client: SshClient, argv: readonly string[], target: SshTarget): Promise<RemoteCommand> =>
  new Promise((resolve, reject) => {
    client.exec(argv.map(quoted).join(' '), (error, opened) => {
      if (error)
        reject(
          new KilnError('HOST_UNREACHABLE', `${describeTarget(target)}: cannot run a command: ${error.message}`, {
            cause: error,
          }),
        );
      else resolve(commandOf(withoutCrash(opened)));
    });
  });

/** In the turn in which the channel opens: the end of a command that ends at once may have come in the same packet, and is told once. */
const commandOf = (channel: ClientChannel): RemoteCommand => {
  channel.stderr.on('error', () => undefined);
  const exited = new Promise<number | null>((resolve) => {
    let code: number | null = null;
    channel.once('exit', (exitCode: number | null) => {
      code = exitCode;
    });
    channel.once('close', () => resolve(code));
  });
  return { stdin: channel, stdout: channel, stderrTail: keepTail(channel.stderr), exited, kill: () => channel.destroy() };
};

/** One word of a POSIX shell, whatever it holds: sshd hands the command to the user's login shell as one string. */
export const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;
