/** The id of this store, made with its tables. */
import { KilnError } from '../domain/errors.ts';
import type { SqlSession } from './sql.ts';

export const readStoreId = async (sql: SqlSession): Promise<string> => {
  const [row] = await sql.query<{ id: string }>('select id from kiln.identity');
  if (row) return row.id;
  throw new KilnError('STORE_UNAVAILABLE', 'the store has lost its id (table kiln.identity is empty); restore it from a backup');
};
