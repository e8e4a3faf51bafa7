/** Ids by their beginning, which people type. */
import type { SqlSession } from './sql.ts';

const TABLES: Readonly<Record<string, string>> = { c: 'kiln.candidates', s: 'kiln.sweeps', k: 'kiln.campaigns' };
/** Above every hex digit, in every collation: what begins with `prefix` lies between it and this, so that the index is used. */
const ABOVE = 'g';

/** `prefix`: "c-", "s-" or "k-" and hex digits. In order, at most `limit`. */
export const readIdsWithPrefix = async (sql: SqlSession, prefix: string, limit: number): Promise<readonly string[]> => {
  const table = TABLES[prefix.slice(0, 1)];
  if (table === undefined) return [];
  const rows = await sql.query<{ id: string }>(
    `select id from ${table} where id >= $1 and id < $2 and starts_with(id, $1) order by id limit $3::integer`,
    [prefix, `${prefix}${ABOVE}`, limit],
  );
  return rows.map(({ id }) => id);
};
