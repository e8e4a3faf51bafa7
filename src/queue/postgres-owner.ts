/** The owner of a queue in Postgres or PGlite: one row beside the jobs, changed only by compare and set. */
import type { JobsSql } from './backend.ts';
import type { OwnerEntry } from './ownership.ts';

export const createPostgresOwner = (sql: JobsSql, queue: string): OwnerEntry => ({
  beats: false,
  read: async () => {
    const [row] = await sql.query<{ owner: string }>('select owner from kiln.queue_owners where queue = $1', [queue]);
    return row?.owner ?? null;
  },
  swap: async (before, after) => {
    const rows = before === null ? await sql.query(CLAIM, [queue, after]) : await sql.query(REPLACE, [queue, before, after]);
    return rows.length > 0;
  },
});

const CLAIM = 'insert into kiln.queue_owners (queue, owner) values ($1, $2) on conflict (queue) do nothing returning queue';
const REPLACE = 'update kiln.queue_owners set owner = $3 where queue = $1 and owner = $2 returning queue';
