/** Tokens: few rows, which the daemon holds in memory while it runs. */
import type { Token, TokenId, TokenRecord } from '../domain/access/token.ts';
import type { Sql, SqlSession } from './sql.ts';

interface Row extends Omit<TokenRecord, 'createdAt' | 'expiresAt' | 'revokedAt'> {
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

const COLUMNS = `id, secret_hash as "secretHash", name, role, submitter, created_at as "createdAt", created_by as "createdBy",
  expires_at as "expiresAt", revoked_at as "revokedAt"`;

const recordOf = ({ createdAt, expiresAt, revokedAt, ...row }: Row): TokenRecord => ({
  ...row,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt?.toISOString() ?? null,
  revokedAt: revokedAt?.toISOString() ?? null,
});

export const insertToken = async (sql: Sql, token: TokenRecord): Promise<void> => {
  const { id, secretHash, name, role, submitter, createdAt, createdBy, expiresAt, revokedAt } = token;
  await sql.transaction(async (session) =>
    session.query(
      `insert into kiln.tokens (id, secret_hash, name, role, submitter, created_at, created_by, expires_at, revoked_at)
       values ($1, $2, $3, $4, $5, $6::timestamptz, $7, $8::timestamptz, $9::timestamptz)`,
      [id, secretHash, name, role, submitter, createdAt, createdBy, expiresAt, revokedAt],
    ),
  );
};

export const readTokens = async (sql: SqlSession): Promise<readonly TokenRecord[]> =>
  (await sql.query<Row>(`select ${COLUMNS} from kiln.tokens order by created_at desc, id`, [])).map(recordOf);

export const revokeToken = async (sql: Sql, id: TokenId, at: string): Promise<Token | null> =>
  sql.transaction(async (session) => {
    const [row] = await session.query<Row>(
      `update kiln.tokens set revoked_at = coalesce(revoked_at, $2::timestamptz) where id = $1 returning ${COLUMNS}`,
      [id, at],
    );
    if (!row) return null;
    // What it gave to others ends with it.
    await session.query(`update kiln.share_links set revoked_at = coalesce(revoked_at, $2::timestamptz) where token_id = $1`, [
      id,
      at,
    ]);
    const { secretHash: _hash, ...token } = recordOf(row);
    return token;
  });
