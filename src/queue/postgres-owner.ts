/** The owner of a queue on Postgres or PGlite: one row beside BullMQ's tables, changed only by compare and set. */
import type { PgPool } from 'bullmq';
import type { OwnerEntry } from './ownership.ts';

const TABLE = 'create table if not exists kiln_owner (queue text primary key, owner text not null)';

export const createPostgresOwner = async (pool: PgPool, queue: string): Promise<OwnerEntry> => {
  await pool.query(TABLE);
  return {
    beats: false,
    read: async () => {
      const { rows } = await pool.query<{ owner: string }>('select owner from kiln_owner where queue = $1', [queue]);
      return rows[0]?.owner ?? null;
    },
    swap: async (before, after) => {
      const { rows } =
        before === null
          ? await pool.query(
              'insert into kiln_owner (queue, owner) values ($1, $2) on conflict (queue) do nothing returning queue',
              [queue, after],
            )
          : await pool.query('update kiln_owner set owner = $3 where queue = $1 and owner = $2 returning queue', [
              queue,
              before,
              after,
            ]);
      return rows.length > 0;
    },
  };
};
