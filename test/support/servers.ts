/** Real servers for the tests: started on free ports in temporary folders, ended with everything they wrote. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import pg from 'pg';
import type { DaemonHolder } from '../../src/domain/daemon-holder.ts';
import { takeStore } from '../../src/store/daemon-lease.ts';
import type { Sql } from '../../src/store/sql.ts';
import { HANG_MS } from './limits.ts';

const POSTGRES_BIN = '/usr/lib/postgresql/15/bin';

export const hasPostgres = existsSync(join(POSTGRES_BIN, 'postgres'));
export const hasRedis = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].some((path) => existsSync(path));
export const POSTGRES_MISSING = hasPostgres ? '' : ' (skipped: no Postgres 15; apt-get install postgresql)';
export const REDIS_MISSING = hasRedis ? '' : ' (skipped: no redis-server; apt-get install redis-server)';

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'kiln-test-'));

export interface PostgresServer extends Server {
  /** Ends the server, by default as an administrator's fast restart does, and starts it again on the same port and data. */
  restart(signal?: NodeJS.Signals, whileDown?: () => Promise<void>): Promise<void>;
}

export const startPostgres = async (): Promise<PostgresServer> => {
  const folder = temporaryFolder();
  const owner = postgresUser();
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  execFileSync(join(POSTGRES_BIN, 'initdb'), ['-D', data, '-U', 'kiln', '-A', 'trust', '--no-sync'], {
    stdio: 'ignore',
    ...owner,
  });
  const port = await freePort();
  const args = ['-D', data, '-k', folder, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'];
  const launch = async (): Promise<ChildProcess> => {
    const started = spawn(join(POSTGRES_BIN, 'postgres'), args, { stdio: ['ignore', 'ignore', 'pipe'], ...owner });
    await printed(started, 'ready to accept connections');
    return started;
  };
  let server = await launch();
  return {
    url: `postgres://kiln@127.0.0.1:${port}/postgres`,
    stop: async () => stop(server, folder, 'SIGINT'),
    restart: async (signal = 'SIGINT', whileDown) => {
      await end(server, signal);
      try {
        await whileDown?.();
      } finally {
        server = await launch();
      }
    },
  };
};

export const holderOf = (daemonId: string): DaemonHolder => ({
  daemonId,
  host: 'test-machine',
  pid: process.pid,
  since: new Date().toISOString(),
});

/** Where jobs are kept on a server, by a queue that has as much patience as tests have. */
export const queueOn = ({ url }: Pick<Server, 'url'>) => ({ kind: 'redis' as const, url, answerLimitMs: HANG_MS });

/** Takes the store over as a daemon whose folder is its own alone does. */
export const epochOf = async (sql: Sql, daemonId: string): Promise<{ readonly epoch: number; readonly holder: DaemonHolder }> => {
  const holder = holderOf(daemonId);
  const options = { holder, place: daemonId, waitMs: 0, onWait: () => undefined, onLost: () => undefined, isAlone: true };
  const { epoch } = await takeStore(sql, options);
  return { epoch, holder };
};

/** Makes a database of that name where there is none. Returns its URL. */
export const databaseOf = async (server: Server, name: string): Promise<string> => {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
  if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  await client.end();
  return new URL(`/${name}`, server.url).href;
};

/** Postgres refuses to run as root. */
const postgresUser = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  return { uid: userNumber('-u'), gid: userNumber('-g') };
};

const userNumber = (flag: '-u' | '-g'): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));

export interface RedisServer extends Server {
  /** Ends the server and starts it again on the same port and data. */
  restart(whileDown: () => Promise<void>): Promise<void>;
  /** Suspends the server: it accepts connections and answers nothing. */
  freeze(whileFrozen: () => Promise<void>): Promise<void>;
}

export const startRedis = async (): Promise<RedisServer> => {
  const folder = temporaryFolder();
  const port = await freePort();
  let server = await launchRedis(folder, port);
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => stop(server, folder, 'SIGTERM'),
    restart: async (whileDown) => {
      await end(server, 'SIGTERM');
      try {
        await whileDown();
      } finally {
        server = await launchRedis(folder, port);
      }
    },
    freeze: async (whileFrozen) => {
      server.kill('SIGSTOP');
      try {
        await whileFrozen();
      } finally {
        server.kill('SIGCONT');
      }
    },
  };
};

const launchRedis = async (folder: string, port: number): Promise<ChildProcess> => {
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
    '--save',
    '',
  ];
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  await printed(server, 'Ready to accept connections');
  return server;
};

/** Below the ports that systems hand out by themselves: what listens on "any port" takes none of them, however long one is left free. */
const PORTS_FROM = 20_000;
const PORTS_OF_A_WORKER = 1_500;
const WORKERS_MAX = 8;
let portsTried = Math.trunc(Math.random() * PORTS_OF_A_WORKER);

/** Nobody else's in this run, also where its server is to come back to it: each worker has ports of its own. */
export const freePort = async (): Promise<number> => {
  // oxlint-disable-next-line node/no-process-env -- vitest says so
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKERS_MAX;
  for (let tried = 0; tried < PORTS_OF_A_WORKER; tried += 1) {
    portsTried = (portsTried + 1) % PORTS_OF_A_WORKER;
    const port = PORTS_FROM + worker * PORTS_OF_A_WORKER + portsTried;
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
};

const isFree = async (port: number): Promise<boolean> => {
  const probe = createServer();
  try {
    await once(probe.listen(port, '127.0.0.1'), 'listening');
  } catch {
    return false;
  }
  probe.close();
  await once(probe, 'close');
  return true;
};

/** Resolves when the process writes `text`; rejects with what it wrote when it ends before, or takes too long. */
export const printed = async (child: ChildProcess, text: string): Promise<string> => {
  const heard = Promise.withResolvers<string>();
  let output = '';
  const listen = (chunk: Buffer | string): void => {
    output += String(chunk);
    if (output.includes(text)) heard.resolve(output);
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  child.once('exit', (code) => heard.reject(new Error(`ended with ${code} before it printed "${text}": ${output}`)));
  const timer = setTimeout(() => heard.reject(new Error(`did not tell "${text}": ${output}`)), HANG_MS);
  try {
    return await heard.promise;
  } finally {
    clearTimeout(timer);
  }
};

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
};

const stop = async (child: ChildProcess, folder: string, signal: NodeJS.Signals): Promise<void> => {
  await end(child, signal);
  rmSync(folder, { recursive: true, force: true });
};
