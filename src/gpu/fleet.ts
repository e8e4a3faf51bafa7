/** The fleet's sessions: each host's configuration joined with its transport. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { Fleet, HostConfig } from '../domain/fleet.ts';
import { SYSTEM_CLOCK } from '../platform/clock.ts';
import { createHostSession, type Log, type RunnerHostSession, type Transport } from './host-session.ts';
import { commandEnvironment, runnerEnvironment } from './process-environment.ts';
import { buildRunnerArchive, type RunnerArchive } from './runner-archive.ts';
import { createCommandTransport } from './transports/command.ts';
import { createLocalTransport } from './transports/local.ts';
import type { Execute } from './transports/remote-command.ts';
import { spawnWith } from './transports/spawn.ts';
import { createSshTransport } from './transports/ssh.ts';
import { connectSsh } from './transports/ssh-connection.ts';
import { describeTarget } from './transports/ssh-failure.ts';

const LEASE_MS = 60_000;
const IDLE_EXIT_MS = 300_000;
const RANDOM_STEPS = 2 ** 32;

export interface FleetOptions {
  readonly config: Fleet;
  /** Local runners live below it. */
  readonly dataDir: string;
  /** Kept over restarts of the daemon: the same id finds its runners again. */
  readonly daemonId: string;
  readonly log: Log;
  /** Without a sign of the daemon for this long, runners drop what they do. */
  readonly leaseMs?: number;
  /** Without a daemon for this long after the lease, runners exit. */
  readonly idleExitMs?: number;
}

/** One session a host, none started yet. */
export const createFleet = ({ config, ...options }: FleetOptions): RunnerHostSession[] =>
  config.hosts.map(sessionFactory(options));

/** Makes the session of a host, not started yet: also of one that comes later. */
export const sessionFactory = ({
  dataDir,
  daemonId,
  log,
  leaseMs = LEASE_MS,
  idleExitMs = IDLE_EXIT_MS,
}: Omit<FleetOptions, 'config'>): ((host: HostConfig) => RunnerHostSession) => {
  const archive = archiveOnce();
  return (host) =>
    createHostSession({
      config: host,
      address: addressOf(host),
      transport: createTransport(host, { dataDir, daemonId, archive }),
      daemonId,
      leaseMs,
      idleExitMs,
      clock: SYSTEM_CLOCK,
      random: () => randomInt(RANDOM_STEPS) / RANDOM_STEPS,
      log,
    });
};

/** The archive is built at the first connection and shared by all hosts. */
export const archiveOnce = (): (() => Promise<RunnerArchive>) => {
  let built: Promise<RunnerArchive> | null = null;
  return async () => (built ??= buildRunnerArchive());
};

export interface TransportPlace {
  readonly dataDir: string;
  readonly daemonId: string;
  readonly archive: () => Promise<RunnerArchive>;
}

export const createTransport = (host: HostConfig, { dataDir, daemonId, archive }: TransportPlace): Transport => {
  const { transport } = host;
  const folder = runnerFolder(host, { dataDir, daemonId });
  switch (transport.kind) {
    case 'local':
      return createLocalTransport({ archive, folder, env: runnerEnvironment() });
    case 'ssh':
      return createSshTransport({ target: transport.target, archive, folder });
    case 'command':
      return createCommandTransport({ argv: transport.argv, archive, folder, env: commandEnvironment() });
  }
};

/** Runs commands on a host as its transport would; `end` when done. Rejects as the transport does. */
export const executorOf = async (
  { transport }: HostConfig,
  signal: AbortSignal,
): Promise<{ readonly execute: Execute; readonly end: () => void }> => {
  switch (transport.kind) {
    case 'local':
      return { execute: spawnWith([], runnerEnvironment()), end: () => undefined };
    case 'command':
      return { execute: spawnWith(transport.argv, commandEnvironment()), end: () => undefined };
    case 'ssh':
      return connectSsh(transport.target, signal);
  }
};

/**
 * Folder of this daemon's runner for this entry of the fleet file, on the host. The name is part of it, since two entries may be
 * one machine: a second connection to one runner would end the first.
 */
export const runnerFolder = (host: HostConfig, { dataDir, daemonId }: Pick<TransportPlace, 'dataDir' | 'daemonId'>): string => {
  if (host.runnerDir === null && host.transport.kind === 'local') return join(dataDir, `runner-${host.name}`);
  return `${host.runnerDir ?? '~/.cache/kiln'}/${daemonId}/${host.name}`;
};

const SECRET_ARGUMENT = /((?:token|password|secret|key)[\w-]*=).+/i;

/** How a host is reached, for people. */
export const addressOf = ({ transport }: HostConfig): string => {
  switch (transport.kind) {
    case 'local':
      return 'local';
    case 'ssh':
      return describeTarget(transport.target);
    case 'command':
      return transport.argv
        .map((word) => (transport.secrets ?? []).reduce((text, secret) => text.replaceAll(secret, '***'), word))
        .map((word) => word.replace(SECRET_ARGUMENT, '$1***'))
        .join(' ');
  }
};
