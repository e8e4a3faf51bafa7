/** Pairs that came to nothing by what a program did, of those who hold a record. */
import type { PairNote } from '../domain/ports/store-rows.ts';
import { toJson } from './json.ts';
import type { SqlSession, Writer } from './sql.ts';

/** In order: what stands of a holder is what was noted since the last that cleared it. */
export const writePairs = async (sql: Writer, notes: readonly PairNote[]): Promise<void> => {
  const cleared = notes.flatMap(({ holder, challenger }) => (challenger === null ? [holder] : []));
  if (cleared.length > 0) await sql.query('delete from kiln.failed_pairs where holder = any($1::text[])', [cleared]);
  const standing = notes.filter(
    ({ holder, challenger }, at) =>
      challenger !== null && !notes.slice(at).some((later) => later.holder === holder && later.challenger === null),
  );
  if (standing.length > 0) await sql.query(KEEP, [toJson(standing)]);
};

const KEEP = `
insert into kiln.failed_pairs (holder, challenger)
select holder, challenger from jsonb_to_recordset($1::jsonb) as note (holder text, challenger text)
on conflict (holder, challenger) do nothing`;

/** The newest, in the order in which they came. Those of who holds no record any more are forgotten. */
export const readFailedPairs = async (sql: SqlSession, limit: number): Promise<readonly PairNote[]> => {
  await sql.query('delete from kiln.failed_pairs where holder not in (select candidate_id from kiln.records)');
  const rows = await sql.query<PairNote>('select holder, challenger from kiln.failed_pairs order by noted_order desc limit $1', [
    limit,
  ]);
  return rows.toReversed();
};
