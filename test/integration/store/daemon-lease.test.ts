import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KilnError } from '../../../src/domain/errors.ts';
import { guardedSql, takeStore } from '../../../src/store/daemon-lease.ts';
import type { LeaseOptions } from '../../../src/store/daemon-lease.ts';
import type { OpenDatabase } from '../../../src/store/pglite.ts';
import { openPostgres } from '../../../src/store/postgres.ts';
import type { Sql } from '../../../src/store/sql.ts';
import { createStore } from '../../../src/store/store.ts';
import { candidate } from '../../support/builders.ts';
import { hasPostgres, holderOf, POSTGRES_MISSING, startPostgres } from '../../support/servers.ts';
import type { Server } from '../../support/servers.ts';
import { HANG_MS } from '../../support/limits.ts';

/** So short that the next statement finds it over. */
const OVER_MS = 0;

describe.skipIf(!hasPostgres)(`one daemon a store, on Postgres${POSTGRES_MISSING}`, () => {
  let server: Server;
  let database: OpenDatabase;
  beforeAll(async () => {
    server = await startPostgres();
    database = await openPostgres(server.url, { connectLimitMs: HANG_MS });
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  let daemons = 0;
  /** A daemon with a data folder of its own. */
  const take = async (options: Partial<LeaseOptions> = {}) => {
    daemons += 1;
    const heard: { waits: string[]; losses: KilnError[] } = { waits: [], losses: [] };
    const lease = await takeStore(database.sql, {
      holder: holderOf(`daemon-${daemons}`),
      place: 'the store',
      waitMs: 0,
      onWait: (message) => heard.waits.push(message),
      onLost: (error) => heard.losses.push(error),
      ...options,
    });
    return { lease, ...heard, sql: guardedSql(database.sql, lease) };
  };
  const REFUSAL = {
    code: 'STORE_IN_USE',
    message: expect.stringMatching(/the store is in use by another daemon: process \d+ on test-machine, since 20/) as string,
  };

  test('a second one is refused with who has it, and takes over once the first gave it back', async () => {
    const first = await take();
    await expect(take({ leaseMs: HANG_MS })).rejects.toMatchObject(REFUSAL);
    await first.lease.release();
    await first.lease.release();
    const second = await take();
    expect(second.lease.epoch).toBeGreaterThan(first.lease.epoch);
    await second.lease.release();
  });

  test('one that starts while another one stops waits for it and says so', async () => {
    const first = await take();
    const next = await take({ leaseMs: HANG_MS, waitMs: HANG_MS, onWait: () => void first.lease.release() });
    await expect(next.lease.renew()).resolves.toBeUndefined();
    await next.lease.release();
  });

  test('one of the same data folder takes over at once: the lock of the folder says that the other is gone', async () => {
    const holder = holderOf('killed');
    const killed = await take({ holder });
    const again = await take({ holder: { ...holder, pid: holder.pid + 1 } });
    expect(again.lease.epoch).toBeGreaterThan(killed.lease.epoch);
    await again.lease.release();
  });

  test('one that was suspended beyond its lease is replaced, and then writes nothing, whatever it writes', async () => {
    const suspended = await take();
    const store = createStore(suspended.sql);
    await store.insertCandidates([candidate('before')]);
    const next = await take({ leaseMs: OVER_MS });
    const writes: readonly (() => Promise<unknown>)[] = [
      async () => store.insertCandidates([candidate('after')]),
      async () => store.writeAttempts([]).then(async () => store.addGenerations([])),
      async () => store.appendEvents([{ type: 'daemon.started', candidateId: null, hostId: null, data: {} }]),
      async () => suspended.sql.query('update kiln.identity set id = id'),
      async () => suspended.lease.renew(),
    ];
    await expect(writes[0]?.()).rejects.toMatchObject(REFUSAL);
    for (const write of writes.slice(2)) await expect(write()).rejects.toMatchObject(REFUSAL);
    expect(await store.candidate(candidate('after').id)).toBeNull();
    expect(await store.candidate(candidate('before').id)).not.toBeNull();
    expect(suspended.losses).toHaveLength(1);
    await next.lease.release();
  });

  test('one takes over only after what the other had begun to write is committed', async () => {
    const first = await take();
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const order: string[] = [];
    const writing = first.sql.transaction(async (session) => {
      // The server would end it, were this process to stand still.
      await session.query('set local idle_in_transaction_session_timeout = 0');
      await session.query('update kiln.identity set id = id');
      begun.resolve();
      await gate.promise;
      order.push('written');
    });
    await begun.promise;
    // Renewing does not wait for it.
    await first.lease.renew();
    const taking = take({ leaseMs: OVER_MS, waitMs: HANG_MS }).then((next) => {
      order.push('taken over');
      return next;
    });
    await untilSomebodyWaits(database.sql);
    gate.resolve();
    await writing;
    const next = await taking;
    expect(order).toEqual(['written', 'taken over']);
    await next.lease.release();
  });
});

const untilSomebodyWaits = async (sql: Sql): Promise<void> => {
  await expect
    .poll(async () => (await sql.query(`select 1 from pg_stat_activity where wait_event_type = 'Lock'`)).length)
    .toBe(1);
};
