/** Opens store and queue, for one daemon alone: the lock of its data folder, the lease on its store, the owner of its queue. */
import { hostname } from 'node:os';
import { wallClockStamp } from '../platform/clock.ts';
import type { Closer } from '../platform/closers.ts';
import { withoutPassword } from '../config/kiln-config.ts';
import type { KilnConfig } from '../config/kiln-config.ts';
import type { DaemonHolder } from '../domain/daemon-holder.ts';
import type { KilnError } from '../domain/errors.ts';
import type { StoreIdentity } from '../domain/store-identity.ts';
import { QUEUE_NAME } from '../queue/backend.ts';
import type { QueueLog } from '../queue/health.ts';
import { endingJobs } from '../queue/postgres-backend.ts';
import { DEFAULT_PREFIX, createQueue, tokenOf } from '../queue/queue.ts';
import type { LeasingQueue, QueueOptions } from '../queue/queue.ts';
import { guardedSql, keepRenewing, takeStore } from '../store/daemon-lease.ts';
import type { DaemonLease } from '../store/daemon-lease.ts';
import { lockDataDir } from '../store/data-dir-lock.ts';
import { readStoreId } from '../store/identity.ts';
import { openEmbedded } from '../store/pglite.ts';
import type { OpenDatabase } from '../store/pglite.ts';
import { openPostgres } from '../store/postgres.ts';
import { createStore, type StoreOptions } from '../store/store.ts';
import type { SqlStore } from '../store/store.ts';
import { daemonIdOf } from './daemon-id.ts';
import { createReadiness } from './readiness.ts';
import type { NotReady } from './readiness.ts';
import { createStorageMetrics } from './storage-metrics.ts';

/** A daemon that dies is back within this, or another one may take its jobs. */
const QUEUE_LEASE_MS = 60_000;

export interface StorageOptions {
  readonly config: KilnConfig;
  readonly log: QueueLog;
  /** Filled in the order of opening, also where opening fails half-way. */
  readonly closers: Closer[];
  /** Called once, when another daemon has taken over: nothing more is written. */
  readonly onLost: (error: KilnError) => void;
}

export interface Storage {
  readonly store: SqlStore;
  readonly queue: LeasingQueue;
  readonly daemonId: string;
  /** Null when what is accepted could be kept, otherwise what could not; says nothing secret. */
  readonly notReady: NotReady;
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
}

/** Throws DATA_DIR_LOCKED or STORE_IN_USE where another daemon still holds them after `takeoverWaitMs`, QUEUE_OWNED_ELSEWHERE. */
export const openStorage = async (options: StorageOptions): Promise<Storage> => {
  const { config, closers } = options;
  const database = await openDatabase(options);
  closers.push({ part: 'store', close: async () => database.close() });
  const daemonId = daemonIdOf(config.dataDir);
  const holder: DaemonHolder = { daemonId, host: hostname(), pid: process.pid, since: wallClockStamp() };
  const lease = await openLease(database, holder, options);
  const store =
    config.store.backend === 'postgres'
      ? createStore(guardedSql(database.sql, lease))
      : createStore(database.sql, await endings(database, config));
  const queue = await openQueue(database, { epoch: lease.epoch, holder }, options);
  closers.push({ part: 'queue', close: async () => queue.close() });
  const parts = { dataDir: config.dataDir, store: lease.renew, queue: queue.check, log: options.log };
  return { store, queue, daemonId, notReady: createReadiness(parts), metrics: createStorageMetrics(parts) };
};

/** In one embedded database a job ends with its candidate's final word: one commit for both. */
const endings = async ({ sql }: OpenDatabase, { queue }: KilnConfig): Promise<StoreOptions> =>
  queue.backend === 'embedded' ? { withFinal: endingJobs(QUEUE_NAME, tokenOf({ id: await readStoreId(sql) })) } : {};

const openDatabase = async ({ config, log, closers }: StorageOptions): Promise<OpenDatabase> => {
  const { store, dataDir, takeoverWaitMs } = config;
  const waiting = { waitMs: takeoverWaitMs, onWait: (message: string) => log.warn({}, message) };
  switch (store.backend) {
    case 'embedded':
      return openEmbedded(dataDir, {
        ...waiting,
        onMake: () => log.info({ dataDir }, 'the database is made, which takes some seconds'),
        onTrouble: (error) => log.warn({ err: error }, 'the embedded database could not be vacuumed; it will be tried again'),
      });
    case 'postgres': {
      const unlock = await lockDataDir(dataDir, waiting);
      closers.push({ part: 'data folder', close: async () => Promise.resolve(unlock()) });
      return openPostgres(store.url);
    }
  }
};

/** The embedded database is this process's alone by the lock of its folder: it needs the epoch, and no renewing. */
const openLease = async (
  { sql }: OpenDatabase,
  holder: DaemonHolder,
  { config, log, closers, onLost }: StorageOptions,
): Promise<DaemonLease> => {
  const isEmbedded = config.store.backend === 'embedded';
  const lease = await takeStore(sql, {
    holder,
    place: storeName(config),
    waitMs: config.takeoverWaitMs,
    onWait: (message) => log.warn({}, message),
    onLost,
    isAlone: isEmbedded,
  });
  if (isEmbedded) return lease;
  const renewing = keepRenewing(lease);
  closers.push({
    part: 'store lease',
    close: async () => {
      await renewing.stop();
      // A server that is gone frees it by itself, once the lease has run out.
      await lease.release().catch((error: unknown) => log.warn({ err: error }, 'the lease on the store could not be given back'));
    },
  });
  return lease;
};

const storeName = ({ store, dataDir }: KilnConfig): string =>
  store.backend === 'postgres' ? withoutPassword(store.url) : `the embedded store in ${dataDir} on ${hostname()}`;

const openQueue = async (
  database: OpenDatabase,
  daemon: Required<Pick<QueueOptions, 'epoch' | 'holder'>>,
  { config, log, closers, onLost }: StorageOptions,
): Promise<LeasingQueue> => {
  const { queue } = config;
  const store: StoreIdentity = { id: await readStoreId(database.sql), name: storeName(config) };
  return createQueue({
    backend: await queueBackend(config, database, closers),
    ...(queue.backend === 'embedded'
      ? {}
      : { adopt: queue.adopt, place: `${withoutPassword(queue.url)} (prefix ${queue.prefix})` }),
    ...(queue.backend === 'postgres' && queue.prefix !== DEFAULT_PREFIX ? { name: `${queue.prefix}-${QUEUE_NAME}` } : {}),
    ...daemon,
    onLost,
    store,
    leaseMs: QUEUE_LEASE_MS,
    log,
  });
};

/** Where the queue is not on Redis it lives beside the store, unless the configuration names another Postgres for it. */
const queueBackend = async (
  { queue, store }: KilnConfig,
  database: OpenDatabase,
  closers: Closer[],
): Promise<QueueOptions['backend']> => {
  if (queue.backend === 'redis') return { kind: 'redis', url: queue.url, prefix: queue.prefix };
  const isElsewhere = queue.backend === 'postgres' && !(store.backend === 'postgres' && store.url === queue.url);
  if (!isElsewhere) return { kind: 'postgres', sql: database.sql };
  const own = await openPostgres(queue.url);
  closers.push({ part: 'queue database', close: async () => own.close() });
  return { kind: 'postgres', sql: own.sql };
};
