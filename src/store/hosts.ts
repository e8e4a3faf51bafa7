/** Hosts that were added while a daemon ran. */
import type { AddedHost } from '../domain/ports/fleet-control.ts';
import { toJson } from './json.ts';
import type { SqlSession } from './sql.ts';

export const readAddedHosts = async (sql: SqlSession): Promise<readonly AddedHost[]> => {
  const rows = await sql.query<Omit<AddedHost, 'expiresAt'> & { readonly expiresAt: Date | null }>(
    'select name, host, expires_at as "expiresAt" from kiln.hosts order by name',
  );
  return rows.map((row) => ({ ...row, expiresAt: row.expiresAt?.toISOString() ?? null }));
};

export const keepHost = async (sql: SqlSession, { name, host, expiresAt }: AddedHost): Promise<void> => {
  await sql.query(KEEP, [name, toJson(host), expiresAt]);
};

const KEEP = `
insert into kiln.hosts (name, host, expires_at) values ($1, $2::jsonb, $3::timestamptz)
on conflict (name) do update set host = excluded.host, expires_at = excluded.expires_at`;

export const dropHost = async (sql: SqlSession, name: string): Promise<void> => {
  await sql.query('delete from kiln.hosts where name = $1', [name]);
};
