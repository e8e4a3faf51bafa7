/** The composition root: the only place that knows every part. Opens in order, closes in the opposite one. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { createCampaigns } from './agents/campaigns.ts';
import type { AgentCampaigns } from './agents/campaigns.ts';
import { CONTRACT } from './agents/context/contract.ts';
import { createGenerators } from './agents/generators/create-generators.ts';
import { loadFleet } from './config/fleet-config.ts';
import { withoutPassword } from './config/kiln-config.ts';
import type { KilnConfig } from './config/kiln-config.ts';
import { KilnError } from './domain/errors.ts';
import type { StoreIdentity } from './domain/store-identity.ts';
import { createEngine } from './engine/engine.ts';
import type { Engine } from './engine/engine.ts';
import { startJournalUpkeep } from './engine/journal-upkeep.ts';
import { createFleet } from './gpu/fleet.ts';
import { loadProblems } from './problems/load-problems.ts';
import { QUEUE_NAME } from './queue/backend.ts';
import { DEFAULT_PREFIX, createQueue } from './queue/queue.ts';
import type { LeasingQueue, QueueOptions } from './queue/queue.ts';
import { createServer } from './server/create-server.ts';
import { readStoreId } from './store/identity.ts';
import { openEmbedded } from './store/pglite.ts';
import type { OpenDatabase } from './store/pglite.ts';
import { openPostgres } from './store/postgres.ts';
import { createStore } from './store/store.ts';
import type { SqlStore } from './store/store.ts';

/** A daemon that dies is back within this, or another one may take its jobs. */
const QUEUE_LEASE_MS = 60_000;

export interface Daemon {
  /** "http://127.0.0.1:7070". */
  readonly url: string;
  /** Idempotent. Nothing is lost: what runs on remote hosts goes on there, the rest is taken back at the next start. */
  stop(): Promise<void>;
}

export interface DaemonOptions {
  readonly config: KilnConfig;
  /** For `~` and paths in the fleet file. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where lines of JSON go; left out: standard error. */
  readonly logTo?: DestinationStream;
}

interface Closer {
  readonly part: string;
  readonly close: () => Promise<void>;
}

/** Throws KilnError for anything that keeps it from starting, with nothing left open. */
export const startDaemon = async ({ config, env, logTo }: DaemonOptions): Promise<Daemon> => {
  const log = pino({ level: config.log.level }, logTo ?? pino.destination({ dest: 2, sync: false }));
  // What is wrong with files is said before anything is opened.
  const fleet = loadFleet({ file: config.fleetFile, env });
  const problems = loadProblems(config.kernelsDir);
  const closers: Closer[] = [];
  const stop = onceOnly(async () => {
    for (const { part, close } of closers.toReversed()) {
      const startedMs = performance.now();
      await close();
      log.debug({ part, ms: performance.now() - startedMs }, 'closed');
    }
    log.flush();
  });
  try {
    const { dataDir } = config;
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const database = await openDatabase(config, log);
    closers.push({ part: 'store', close: async () => database.close() });
    const store = createStore(database.sql);
    const queue = await openQueue(config, database, { log, closers });
    closers.push({ part: 'queue', close: async () => queue.close() });
    const sessions = createFleet({ config: fleet, dataDir, daemonId: daemonIdOf(dataDir), log });
    const engine = createEngine({
      store,
      queue,
      sessions,
      problems,
      rules: config.judging,
      limits: config.limits,
      log,
      now: Date.now,
    });
    closers.push({ part: 'engine', close: async () => engine.stop() });
    await engine.start();
    const upkeep = startJournalUpkeep({ store, keepDays: config.journal.keepDays, now: Date.now, log });
    closers.push({ part: 'journal upkeep', close: async () => upkeep.stop() });
    const campaigns = await openAgents({ config, env }, { store, judging: engine.kiln }, { log, closers });
    const url = await listen(config, { kiln: engine.kiln, campaigns }, { log, closers });
    log.info({ url, problems: problems.size, hosts: sessions.length }, 'kiln is up');
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const listen = async (
  config: KilnConfig,
  parts: { readonly kiln: Engine['kiln']; readonly campaigns: AgentCampaigns },
  { log, closers }: { readonly log: Logger; readonly closers: Closer[] },
): Promise<string> => {
  const { host, port, token = null } = config.server;
  const app = await createServer({
    ...parts,
    contract: CONTRACT,
    config: { port, token, limits: config.limits },
    log: log.child({}, { level: 'warn' }),
  });
  closers.push({ part: 'server', close: async () => app.close() });
  await app.listen({ host, port });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new KilnError('INTERNAL', `no TCP address for ${host}:${port}`);
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
};

/** Campaigns that were running go on. */
const openAgents = async (
  { config, env }: Pick<DaemonOptions, 'config' | 'env'>,
  { store, judging }: { readonly store: SqlStore; readonly judging: Engine['kiln'] },
  { log, closers }: { readonly log: Logger; readonly closers: Closer[] },
): Promise<AgentCampaigns> => {
  const generators = createGenerators({ settings: config.agents, env, log });
  const campaigns = createCampaigns({ store, judging, generators, settings: config.agents, log, now: Date.now });
  closers.push({ part: 'agents', close: async () => campaigns.close() });
  await campaigns.start();
  return campaigns;
};

const openDatabase = async ({ store, dataDir }: KilnConfig, log: Logger): Promise<OpenDatabase> => {
  switch (store.backend) {
    case 'embedded':
      return openEmbedded(dataDir, (error) =>
        log.warn({ err: error }, 'the embedded database could not be vacuumed; it will be tried again'),
      );
    case 'postgres':
      return openPostgres(store.url);
  }
};

const openQueue = async (
  config: KilnConfig,
  database: OpenDatabase,
  { log, closers }: { readonly log: Logger; readonly closers: Closer[] },
): Promise<LeasingQueue> => {
  const { queue, store, dataDir } = config;
  const embedded = `the embedded store in ${dataDir} on ${hostname()}`;
  const identity: StoreIdentity = {
    id: await readStoreId(database.sql),
    name: store.backend === 'postgres' ? withoutPassword(store.url) : embedded,
  };
  return createQueue({
    backend: await queueBackend(config, database, closers),
    ...(queue.backend === 'embedded'
      ? {}
      : { adopt: queue.adopt, place: `${withoutPassword(queue.url)} (prefix ${queue.prefix})` }),
    ...(queue.backend === 'postgres' && queue.prefix !== DEFAULT_PREFIX ? { name: `${queue.prefix}-${QUEUE_NAME}` } : {}),
    store: identity,
    tokenFile: join(dataDir, 'queue-token'),
    leaseMs: QUEUE_LEASE_MS,
    log,
  });
};

/** Where the queue is not on Redis it lives beside the records, unless the configuration names another Postgres for it. */
const queueBackend = async (
  { queue, store }: KilnConfig,
  database: OpenDatabase,
  closers: Closer[],
): Promise<QueueOptions['backend']> => {
  if (queue.backend === 'redis') return { kind: 'redis', url: queue.url, prefix: queue.prefix };
  const isElsewhere = queue.backend === 'postgres' && !(store.backend === 'postgres' && store.url === queue.url);
  if (!isElsewhere) return { kind: 'postgres', pool: database.pool };
  const own = await openPostgres(queue.url);
  closers.push({ part: 'queue database', close: async () => own.close() });
  return { kind: 'postgres', pool: own.pool };
};

/** Runners know their daemon by it, over restarts. */
const daemonIdOf = (dataDir: string): string => {
  const file = join(dataDir, 'daemon-id');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    const id = randomBytes(8).toString('hex');
    writeFileSync(file, `${id}\n`, { mode: 0o600 });
    return id;
  }
};

const onceOnly = (work: () => Promise<void>): (() => Promise<void>) => {
  let running: Promise<void> | null = null;
  return async () => {
    running ??= work();
    await running;
  };
};
