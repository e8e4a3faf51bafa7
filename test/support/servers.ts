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

const POSTGRES_BIN = '/usr/lib/postgresql/15/bin';
const START_LIMIT_MS = 120_000;

export const hasPostgres = existsSync(join(POSTGRES_BIN, 'postgres'));
export const hasRedis = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].some((path) => existsSync(path));
export const POSTGRES_MISSING = hasPostgres ? '' : ' (skipped: no Postgres 15; apt-get install postgresql)';
export const REDIS_MISSING = hasRedis ? '' : ' (skipped: no redis-server; apt-get install redis-server)';

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'kiln-test-'));

/** Ends the server, by default as an administrator's fast restart does, and starts it again on the same port and data. */
export interface RestartableServer extends Server {
  restart(signal?: NodeJS.Signals): Promise<void>;
}

export const startPostgres = async (): Promise<RestartableServer> => {
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
    restart: async (signal = 'SIGINT') => {
      await end(server, signal);
      server = await launch();
    },
  };
};

export const holderOf = (daemonId: string): DaemonHolder => ({
  daemonId,
  host: 'test-machine',
  pid: process.pid,
  since: new Date().toISOString(),
});

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
      await whileDown();
      server = await launchRedis(folder, port);
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

export const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
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
  const timer = setTimeout(() => heard.reject(new Error(`did not tell "${text}": ${output}`)), START_LIMIT_MS);
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
