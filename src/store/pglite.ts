/** The embedded database: Postgres in this process (PGlite), in `<dataDir>/postgres`. One session, so one statement at a time. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { KilnError } from '../domain/errors.ts';
import { lockDataDir } from './data-dir-lock.ts';
import type { LockOptions } from './data-dir-lock.ts';
import { DURABLE_START_PARAMS, DurableNodeFS } from './durable-files.ts';
import { migrate } from './migrate.ts';
import { createStatements } from './pglite-statements.ts';
import type { Statements } from './pglite-statements.ts';
import type { Sql, SqlTransaction } from './sql.ts';
import { startVacuuming } from './vacuum.ts';

/** A database that is open, for store and queue. `close` is idempotent. */
export interface OpenDatabase {
  readonly sql: Sql;
  close(): Promise<void>;
}

export interface EmbeddedOptions extends LockOptions {
  /** Hears why tables could not be vacuumed. */
  readonly onTrouble?: (error: unknown) => void;
  /** Called before a database is made where there was none, which takes seconds. */
  readonly onMake?: () => void;
}

/** Opens (makes, migrates) the database of a data folder. Throws DATA_DIR_LOCKED where another daemon has it. */
export const openEmbedded = async (
  dataDir: string,
  { onTrouble = () => {}, onMake = () => {}, ...waiting }: EmbeddedOptions = {},
): Promise<OpenDatabase> => {
  const unlock = await lockDataDir(dataDir, waiting);
  try {
    const folder = join(dataDir, 'postgres');
    if (!existsSync(folder)) onMake();
    const database = await PGlite.create({ fs: new DurableNodeFS(folder), startParams: START_PARAMS });
    const close = closeOnce(database, unlock);
    try {
      const statements = createStatements(database);
      const sql = sqlOf(database, statements, close);
      await migrate(sql);
      const vacuuming = startVacuuming(sql, onTrouble);
      return {
        sql,
        close: async () => {
          await vacuuming.stop();
          await close();
        },
      };
    } catch (error) {
      await close();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error;
  }
};

// Compiling a plan for each small statement would cost more than it gives.
const START_PARAMS = [...DURABLE_START_PARAMS, '-c', 'jit=off'];

const closeOnce = (database: PGlite, unlock: () => void): (() => Promise<void>) => {
  let closing: Promise<void> | null = null;
  return async () => {
    closing ??= (database.closed ? Promise.resolve() : database.close()).finally(unlock);
    await closing;
  };
};

const sqlOf = (database: PGlite, statements: Statements, close: () => Promise<void>): Sql => {
  const open = (): PGlite => {
    if (database.closed) throw new KilnError('STORE_UNAVAILABLE', 'the embedded database is closed: the daemon is stopping');
    return database;
  };
  return {
    query: async (text, params) => writable(sessionOf(open(), statements).query(text, params)),
    script: async (text) => writable(sessionOf(open(), statements).script(text)),
    transaction: async (work, opening = []) => {
      const result = await writable(
        open().transaction(async (transaction) => {
          const session = sessionOf(transaction, statements);
          const opened: (readonly object[])[] = [];
          for (const text of opening) opened.push(await session.query(text));
          return work(session, opened);
        }),
      );
      await turn();
      return result;
    },
    close,
  };
};

/** Of SQLSTATE: no room or memory, trouble of the file system. The same works again once that is over. */
const PASSING = /^(?:53|58)[0-9A-Z]{3}$/;

const writable = async <T>(statement: Promise<T>): Promise<T> => {
  try {
    return await statement;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (error instanceof KilnError || !PASSING.test(code)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `the embedded database cannot write (${reason}); make room on the disk of the data folder (dataDir in kiln.yaml)`;
    throw new KilnError('STORE_UNAVAILABLE', message, { cause: error });
  }
};

/**
 * PGlite computes on this thread and answers by microtasks: a chain of statements would keep sockets waiting until its end. Each statement
 * is followed by a turn of the event loop, in which requests are read and hosts are heard.
 */
const sessionOf = (session: Pick<PGlite, 'query' | 'exec'>, statements: Statements): SqlTransaction => {
  const query = async <Row extends object>(text: string, params: readonly unknown[] = []): Promise<readonly Row[]> => {
    const { rows } = await statements.run<Row>(session, { text, params });
    await turn();
    return rows;
  };
  return {
    query,
    run: async (list) => {
      for (const { text, params } of list) await query(text, params);
    },
    script: async (text) => {
      await session.exec(text);
    },
  };
};
