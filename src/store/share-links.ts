/** Share links: few rows, read by id with every request that comes by one. */
import type { TokenId } from '../domain/access/token.ts';
import type { ShareId, ShareRecord, ShareRow } from '../domain/share.ts';
import type { Sql, SqlSession } from './sql.ts';

const SHOWN_MAX = 1000;

interface Row extends Omit<ShareRecord, 'createdAt' | 'expiresAt' | 'revokedAt'> {
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
}

const COLUMNS = `id, secret_hash as "secretHash", page, note, token_id as "tokenId", created_by as "createdBy", created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt"`;

const recordOf = ({ createdAt, expiresAt, revokedAt, ...row }: Row): ShareRecord => ({
  ...row,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
  revokedAt: revokedAt?.toISOString() ?? null,
});

const withoutSecret = ({ secretHash: _hash, ...share }: ShareRecord): ShareRow => share;

export const insertShare = async (sql: Sql, share: ShareRecord): Promise<void> => {
  const { id, secretHash, page, note, createdAt, expiresAt, revokedAt, tokenId, createdBy } = share;
  await sql.transaction(async (session) =>
    session.query(
      `insert into kiln.share_links (id, secret_hash, page, note, created_at, expires_at, revoked_at, token_id, created_by)
       values ($1, $2, $3, $4, $5::timestamptz, $6::timestamptz, $7::timestamptz, $8, $9)`,
      [id, secretHash, page, note, createdAt, expiresAt, revokedAt, tokenId, createdBy],
    ),
  );
};

export const readShare = async (sql: SqlSession, id: ShareId): Promise<ShareRecord | null> => {
  const [row] = await sql.query<Row>(`select ${COLUMNS} from kiln.share_links where id = $1`, [id]);
  return row ? recordOf(row) : null;
};

export const readShares = async (sql: SqlSession, madeWith: TokenId | null): Promise<readonly ShareRow[]> =>
  (
    await sql.query<Row>(
      `select ${COLUMNS} from kiln.share_links where $1::text is null or token_id = $1
       order by created_at desc, id limit ${SHOWN_MAX}`,
      [madeWith],
    )
  )
    .map(recordOf)
    .map(withoutSecret);

export const revokeShare = async (sql: Sql, id: ShareId, at: string): Promise<ShareRow | null> =>
  sql.transaction(async (session) => {
    const [row] = await session.query<Row>(
      `update kiln.share_links set revoked_at = coalesce(revoked_at, $2::timestamptz) where id = $1 returning ${COLUMNS}`,
      [id, at],
    );
    return row ? withoutSecret(recordOf(row)) : null;
  });
