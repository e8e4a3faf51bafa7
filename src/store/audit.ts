/** The audit list: one row for each operation, written before it is carried out; its status comes with the answer. */
import type { AuditEntry, NewAuditEntry } from '../domain/access/audit.ts';
import type { AuditQuery } from '../domain/ports/access.ts';
import { toJson } from './json.ts';
import type { Sql, SqlSession } from './sql.ts';

/** Entries that are kept; the oldest go. */
const KEPT_MAX = 1_000_000;
/** Looked at with one entry in so many. */
const TRIM_EVERY = 1000;

export const insertAudit = async (sql: Sql, entry: NewAuditEntry): Promise<number> => {
  const { at, who, role, tokenId, says, address, action, target, detail, status } = entry;
  return sql.transaction(async (session) => {
    const [row] = await session.query<{ sequence: number }>(
      `insert into kiln.audit (at, who, role, token_id, says, address, action, target, detail, status)
       values ($1::timestamptz, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::integer) returning sequence::float8 as sequence`,
      [at, who, role, tokenId, says, address, action, target, toJson(detail), status],
    );
    const sequence = row?.sequence ?? 0;
    if (sequence % TRIM_EVERY === 0)
      await session.query(`delete from kiln.audit where sequence <= $1::bigint`, [sequence - KEPT_MAX]);
    return sequence;
  });
};

export const updateAudit = async (sql: Sql, sequence: number, status: number): Promise<void> => {
  await sql.transaction(async (session) =>
    session.query(`update kiln.audit set status = $2::integer where sequence = $1::bigint`, [sequence, status]),
  );
};

interface Row extends Omit<AuditEntry, 'at'> {
  readonly at: Date;
}

export const readAudit = async (sql: SqlSession, { before, limit, who, action }: AuditQuery): Promise<readonly AuditEntry[]> =>
  (
    await sql.query<Row>(
      `select sequence::float8 as sequence, at, who, role, token_id as "tokenId", says, address, action, target, detail, status
       from kiln.audit
       where ($1::bigint is null or sequence < $1::bigint) and ($2::text is null or who = $2) and ($3::text is null or action = $3)
       order by sequence desc limit $4::integer`,
      [before, who ?? null, action ?? null, limit],
    )
  ).map(({ at, ...row }) => ({ ...row, at: at.toISOString() }));
