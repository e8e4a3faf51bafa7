/**
 * Kiln's queue: the durable order of what waits, and the leases of what is being worked on.
 *
 * Modes: up; down (a command failed: leases are empty, adding rejects, every call tries again); foreign (another store's: the same, and nothing
 * is tried but to own it again); closed.
 * Entry to down: any failed command. Exit: any command that succeeds; leases that a failed command may have taken are then adopted.
 */
import { QUEUE_NAME } from './backend.ts';
import type { BackendOptions, JobsSql, QueueBackend } from './backend.ts';
import { createHealth, unavailable } from './health.ts';
import type { Health, QueueLog } from './health.ts';
import type { DaemonHolder } from '../domain/daemon-holder.ts';
import { KilnError } from '../domain/errors.ts';
import type { Queue } from '../domain/ports/queue.ts';
import type { StoreIdentity } from '../domain/store-identity.ts';
import { createLeases } from './leases.ts';
import { createOwnership } from './ownership.ts';
import type { Ownership } from './ownership.ts';
import { createPostgresQueueBackend } from './postgres-backend.ts';
import { createRedisQueueBackend } from './redis-backend.ts';
import type { RedisOfJobs } from './redis-backend.ts';
import { createWatch, startTimers } from './watch.ts';
import type { Every, Parts, Watch } from './watch.ts';

/** Of a Redis that others use too. */
export const DEFAULT_PREFIX = 'kiln';
/** What `createQueue` implements. */
export interface LeasingQueue extends Queue {
  /** Rejects where the queue does not take writes, or is another's. */
  readonly check: () => Promise<void>;
}

export interface QueueOptions {
  readonly backend:
    | (RedisOfJobs & { readonly kind: 'redis'; readonly prefix?: string })
    | { readonly kind: 'postgres'; readonly sql: JobsSql };
  /** Whose jobs these are. */
  readonly store: StoreIdentity;
  /** This daemon among those that had the store (src/store/daemon-lease.ts). */
  readonly epoch: number;
  readonly holder: DaemonHolder;
  /** Called once, when a daemon that has the store after us works on the queue: nothing more is taken from it or added to it. */
  readonly onLost?: (error: KilnError) => void;
  /** Id of another store whose queue is taken over on purpose. */
  readonly adopt?: string | null;
  /** For people: where the queue is. */
  readonly place?: string;
  /** Lock token of the leases. The store's unless said: who has the store has its leases, also those of a daemon that died or was replaced. */
  readonly token?: string;
  /** How long a lease lasts without renewal: after a crash without restart, jobs wait so long (up to twice) for another daemon. */
  readonly leaseMs: number;
  readonly log: QueueLog;
  /** The system's timer by default; it does not hold the process. */
  readonly every?: Every;
  /** For several queues in one Redis or Postgres, as in tests. */
  readonly name?: string;
}

/** Lock token of the leases of a store's daemons. */
export const tokenOf = ({ id }: Pick<StoreIdentity, 'id'>): string => `kiln-${id}`;

/**
 * Connects. Throws QUEUE_UNAVAILABLE (retryable) within seconds where the backend cannot be reached, QUEUE_OWNED_ELSEWHERE where the queue
 * holds another store's jobs.
 */
export const createQueue = async (options: QueueOptions): Promise<LeasingQueue> => {
  const health = createHealth(options.log);
  const backend = await openBackend(options, health);
  const ownership = createOwnership(backend.owner, {
    store: options.store,
    epoch: options.epoch,
    holder: options.holder,
    adopt: options.adopt ?? null,
    place: options.place ?? 'the queue',
    log: options.log,
    onLost: options.onLost ?? (() => {}),
  });
  await claimOrClose(ownership, backend, options.log);
  for (const concern of await health.attempt('asking the queue’s server', async () => backend.concerns()))
    options.log.warn({}, concern);
  const parts: Parts = { health, backend, ownership, leases: createLeases(backend, health, options.log) };
  const watch = createWatch(parts, options.log);
  return { ...jobsOf(parts, watch), ...checksOf(parts, watch), close: startTimers(options, backend, watch) };
};

type Jobs = 'add' | 'lease' | 'promote' | 'complete' | 'release' | 'remove' | 'discard' | 'adopt';

/** Jobs that come and go. */
const jobsOf = ({ health, backend, ownership, leases }: Parts, { look, isOurs, notify }: Watch): Pick<LeasingQueue, Jobs> => ({
  add: async (batch) => {
    if (batch.length === 0) return;
    await isOurs();
    ownership.require();
    await leases.finishEnding(batch.map(({ candidateId }) => candidateId));
    await health.attempt('adding to the queue', async () => backend.add(batch));
    notify();
  },
  lease: async (count) => (count > 0 && (await isOurs()) ? leases.lease(count) : []),
  promote: async (ids) => {
    if (ids.length === 0 || !(await isOurs())) return 0;
    return (await health.attemptQuietly('reordering the queue', async () => backend.promote(ids))) ?? 0;
  },
  complete: async (ids) => leases.complete(ids),
  release: async (ids) => leases.release(ids),
  // Another store may have a candidate of the same content.
  remove: async (ids) => {
    if (ids.length > 0 && (await isOurs())) await leases.remove(ids);
  },
  discard: async (ids) => {
    if ((await look()) !== 'foreign') await leases.complete(ids);
    else await leases.release(ids);
  },
  adopt: async () => leases.adopt(),
});

type Checks = 'missing' | 'count' | 'check' | 'onLoss' | 'onWork';

/** Whether all is there, and who wants to know. */
const checksOf = (
  { health, backend, ownership }: Parts,
  { look, isOurs, onLoss, onWork }: Watch,
): Pick<LeasingQueue, Checks> => ({
  missing: async (ids) => {
    await isOurs();
    ownership.require();
    return health.attempt('looking for lost jobs', async () => backend.missing(ids));
  },
  count: async () => health.attempt('counting jobs', async () => backend.count()),
  check: async () => {
    if ((await look()) !== 'foreign') return;
    ownership.require();
    throw new KilnError('QUEUE_UNAVAILABLE', 'the queue does not answer');
  },
  onLoss,
  onWork,
});

/** What cannot be read or written is the backend's trouble; what is another's is told as it is. */
const claimOrClose = async (ownership: Ownership, backend: QueueBackend, log: QueueLog): Promise<void> => {
  try {
    await backend.inheritance?.owner();
    await ownership.claim();
    const jobs = (await backend.inheritance?.jobs()) ?? 0;
    if (jobs > 0) log.info({ jobs }, 'took over the jobs that BullMQ kept in Postgres');
  } catch (error) {
    await backend.close();
    throw error instanceof KilnError ? error : unavailable('opening the queue', error);
  }
};

const openBackend = async (
  { backend, store, token = tokenOf(store), leaseMs, name = QUEUE_NAME }: QueueOptions,
  health: Health,
): Promise<QueueBackend> => {
  const options: BackendOptions = { name, token, leaseMs, onError: health.fail };
  try {
    switch (backend.kind) {
      case 'redis':
        return await createRedisQueueBackend({ ...backend, prefix: backend.prefix ?? DEFAULT_PREFIX }, options);
      case 'postgres':
        return createPostgresQueueBackend(backend.sql, options);
    }
  } catch (error) {
    throw unavailable('opening the queue', error);
  }
};
