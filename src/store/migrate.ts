/** Brings the store's tables up to date: numbered files of `migrations/`, each once, all in one transaction, one daemon at a time. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { KilnError } from '../domain/errors.ts';

import type { Sql, SqlSession } from './sql.ts';

const STORE_SCHEMA = 'kiln';
const FOLDER = new URL('migrations/', import.meta.url);
const FILE = /^(\d{4})_[a-z0-9_]+\.sql$/;
/** Any fixed number: it names the lock among those of the database. */
const MIGRATION_LOCK = 0x6b696c6e;

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly text: string;
  readonly hash: string;
}

/** Throws STORE_UNAVAILABLE where the tables are newer than this Kiln, or an applied file was edited. */
export const migrate = async (sql: Sql): Promise<void> => {
  const migrations = readMigrations();
  await sql.transaction(async (session) => {
    await session.query('select pg_advisory_xact_lock($1::bigint)', [MIGRATION_LOCK]);
    await session.script(LEDGER);
    const applied = await session.query<{ version: number; hash: string }>(
      `select version, hash from ${STORE_SCHEMA}.migrations`,
    );
    checkApplied(migrations, applied);
    const versions = new Set(applied.map(({ version }) => version));
    for (const migration of migrations) if (!versions.has(migration.version)) await apply(session, migration);
  });
};

const LEDGER = `
create schema if not exists ${STORE_SCHEMA};
create table if not exists ${STORE_SCHEMA}.migrations (
  version integer primary key,
  name text not null,
  hash text not null,
  applied_at timestamptz not null default now()
);`;

const apply = async (session: SqlSession, { version, name, text, hash }: Migration): Promise<void> => {
  await session.script(text);
  await session.query(`insert into ${STORE_SCHEMA}.migrations (version, name, hash) values ($1, $2, $3)`, [version, name, hash]);
};

const readMigrations = (): readonly Migration[] =>
  readdirSync(FOLDER)
    .toSorted()
    .flatMap((name) => {
      const version = FILE.exec(name)?.[1];
      if (version === undefined) return [];
      const text = readFileSync(new URL(name, FOLDER), 'utf8');
      return [{ version: Number(version), name, text, hash: createHash('sha256').update(text).digest('hex') }];
    });

const checkApplied = (migrations: readonly Migration[], applied: readonly { version: number; hash: string }[]): void => {
  for (const { version, hash } of applied) {
    const known = migrations.find((migration) => migration.version === version);
    if (!known) {
      throw new KilnError(
        'STORE_UNAVAILABLE',
        `the store has tables of version ${version}, newer than this Kiln; install the newer Kiln`,
      );
    }
    if (known.hash !== hash) {
      throw new KilnError('STORE_UNAVAILABLE', `${known.name} was changed after it was applied; add a new migration instead`);
    }
  }
};
