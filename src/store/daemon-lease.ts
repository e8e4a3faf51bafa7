/**
 * One daemon a store: a lease on its one row in `kiln.daemon`, fenced by an epoch.
 *
 * Modes: held (renewed every third of the lease); lost (another daemon has taken over: every write is refused, for good); released.
 * Entry to lost: a renewal or a write that finds another epoch. A daemon that cannot renew (the server is away) holds on until another one has
 * taken over.
 * Invariant: what a daemon writes is committed before another one takes over, or is not written. Each write transaction holds the row by its
 * epoch (`for key share`), and taking over changes the epoch, so that it waits for them, and those that come later find no row.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DaemonHolder, holderText } from '../domain/daemon-holder.ts';
import { KilnError } from '../domain/errors.ts';
import type { Sql } from './sql.ts';

/** A daemon that is gone is replaced after so long without a renewal. */
export const STORE_LEASE_MS = 15_000;
const RENEWALS_PER_LEASE = 3;
const LOOK_AGAIN_MS = 500;
/** For what the other daemon had begun to write when its lease ran out. */
const LOCK_LIMIT_MS = 2_000;
/** SQLSTATE. */
const LOCK_NOT_AVAILABLE = '55P03';

export interface DaemonLease {
  /** Rises with every daemon that takes over. */
  readonly epoch: number;
  /** Opens each transaction that writes; its rows are told to `confirm`. */
  readonly guard: string;
  /** Throws STORE_IN_USE where another daemon has taken over. */
  readonly confirm: (guarded: readonly object[]) => Promise<void>;
  /** Renews, and looks whether it is still ours. */
  readonly renew: () => Promise<void>;
  /** Lets the next daemon take over at once. Idempotent. */
  readonly release: () => Promise<void>;
}

export interface LeaseOptions {
  readonly holder: DaemonHolder;
  /** For people: which store. */
  readonly place: string;
  readonly leaseMs?: number;
  /** How long a daemon that holds the store is waited for. */
  readonly waitMs: number;
  /** Called once, when it is not free at once. */
  readonly onWait: (message: string) => void;
  /** Called once, when another daemon has taken over. */
  readonly onLost: (error: KilnError) => void;
  /** The data folder of `holder.daemonId` is locked by this process, and so is the store: nobody can be writing. */
  readonly isAlone?: boolean;
}

/** Throws STORE_IN_USE where another daemon still holds the store after `waitMs`. */
export const takeStore = async (sql: Sql, options: LeaseOptions): Promise<DaemonLease> => {
  const epoch = await acquire(sql, options);
  return leaseOf(sql, epoch, options);
};

/** The same database, with every write guarded by the lease. */
export const guardedSql = (sql: Sql, lease: Pick<DaemonLease, 'guard' | 'confirm'>): Sql => {
  const transaction: Sql['transaction'] = async (work, opening = []) =>
    sql.transaction(
      async (session, [guarded = [], ...opened]) => {
        await lease.confirm(guarded);
        return work(session, opened);
      },
      [lease.guard, ...opening],
    );
  return {
    ...sql,
    query: async (text, params) =>
      READS.test(text) ? sql.query(text, params) : transaction(async (session) => session.query(text, params)),
    transaction,
  };
};

/** Anything else may write. */
const READS = /^\s*select\b/i;

const acquire = async (sql: Sql, options: LeaseOptions): Promise<number> => {
  const { holder, leaseMs = STORE_LEASE_MS, waitMs, onWait, isAlone = false } = options;
  const deadlineMs = performance.now() + waitMs;
  for (let isFirst = true; ; isFirst = false) {
    const epoch = await tryTake(sql, [JSON.stringify(holder), holder.daemonId, leaseMs, isAlone]);
    if (epoch !== null) return epoch;
    const other = await holderOf(sql);
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0) throw inUse(other, options);
    if (isFirst) onWait(`${options.place} is in use by ${textOf(other)}; waiting up to ${waitMs} ms for it to stop`);
    await sleep(Math.min(LOOK_AGAIN_MS, leftMs));
  }
};

/** Null where another daemon holds it, or is still writing: a write that was cut off by a suspension is ended by the server (src/store/postgres.ts). */
const tryTake = async (sql: Sql, params: readonly unknown[]): Promise<number | null> => {
  try {
    return await sql.transaction(async (session) => {
      await session.query(`set local lock_timeout = ${LOCK_LIMIT_MS}`);
      const [taken] = await session.query<{ epoch: number }>(TAKE, params);
      return taken?.epoch ?? null;
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE) return null;
    throw error;
  }
};

// A daemon of the same data folder, whose lock we hold, is gone.
const TAKE = `
update kiln.daemon set epoch = epoch + 1, holder = $1::jsonb, renewed_at = clock_timestamp()
where renewed_at is null or holder ->> 'daemonId' = $2 or renewed_at < clock_timestamp() - $3 * interval '1 millisecond' or $4::boolean
returning epoch::float8 as epoch`;

const RENEW = 'update kiln.daemon set renewed_at = clock_timestamp() where epoch = $1::bigint returning epoch::float8';

const leaseOf = (sql: Sql, epoch: number, options: LeaseOptions): DaemonLease => {
  let lost: KilnError | null = null;
  let released: Promise<unknown> | null = null;

  const lose = async (): Promise<never> => {
    const isFirst = lost === null;
    lost ??= inUse(await holderOf(sql).catch(() => null), options);
    if (isFirst) options.onLost(lost);
    throw lost;
  };
  const confirm = async (rows: readonly object[]): Promise<void> => {
    if (lost) throw lost;
    if (rows.length === 0) await lose();
  };
  return {
    epoch,
    guard: `select 1 from kiln.daemon where epoch = ${Math.trunc(epoch)} for key share`,
    confirm,
    renew: async () => {
      if (lost) throw lost;
      await confirm(await sql.query(RENEW, [epoch]));
    },
    release: async () => {
      released ??= sql.query('update kiln.daemon set renewed_at = null where epoch = $1::bigint', [epoch]);
      await released;
    },
  };
};

/** Renews until stopped. What keeps it from renewing is told by whatever else the store is asked. */
export const keepRenewing = (lease: DaemonLease, leaseMs = STORE_LEASE_MS): { readonly stop: () => Promise<void> } => {
  let running: Promise<void> | null = null;
  const timer = setInterval(() => {
    running ??= lease
      .renew()
      .catch(() => undefined)
      .finally(() => {
        running = null;
      });
  }, leaseMs / RENEWALS_PER_LEASE).unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
};

const holderOf = async (sql: Pick<Sql, 'query'>): Promise<DaemonHolder | null> => {
  const [row] = await sql.query<{ holder: unknown }>('select holder from kiln.daemon');
  return DaemonHolder.nullable()
    .catch(null)
    .parse(row?.holder ?? null);
};

const textOf = (holder: DaemonHolder | null): string => (holder ? holderText(holder) : 'another daemon');

const inUse = (holder: DaemonHolder | null, { place }: LeaseOptions): KilnError =>
  new KilnError(
    'STORE_IN_USE',
    `${place} is in use by another daemon: ${textOf(holder)}. One daemon uses a store: stop that one, or give this one a store of its own`,
    { details: { holder } },
  );
