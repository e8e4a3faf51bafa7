/**
 * PGlite seen as a `pg.Pool`, as far as BullMQ uses one: queries, checked-out clients with transactions, LISTEN.
 * All clients share PGlite's one session. Between a client's BEGIN and its COMMIT or ROLLBACK nobody else's statement runs.
 */
import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { PGlite, Transaction } from '@electric-sql/pglite';
import type { PgPool, PgPoolClient, PgQueryResult } from 'bullmq';
import type { Statements } from './pglite-statements.ts';
import { POOL_LISTENERS_MAX } from './session.ts';

const INT8 = 20;
/** As node-postgres returns it: int8 as text, so that both pools answer alike. */
const PARSERS = { [INT8]: (value: string) => value };

export const createPglitePool = (database: PGlite, statements: Statements): PgPool => new PglitePool(database, statements);

class PglitePool extends EventEmitter {
  readonly #database: PGlite;
  readonly #statements: Statements;
  /** In-process: there is no socket that could drop unseen. */
  readonly options = { keepAlive: true };

  constructor(database: PGlite, statements: Statements) {
    super();
    this.#database = database;
    this.#statements = statements;
    this.setMaxListeners(POOL_LISTENERS_MAX);
  }

  async query<Row>(text: string, params: readonly unknown[] = []): Promise<PgQueryResult<Row>> {
    return run<Row>(this.#database, this.#statements, { text, params });
  }

  async connect(): Promise<PgPoolClient> {
    await this.#database.waitReady;
    return new PgliteClient(this.#database, this.#statements);
  }

  /** The database belongs to who opened it. */
  async end(): Promise<void> {
    await Promise.resolve();
  }
}

interface OpenTransaction {
  readonly session: Transaction;
  readonly end: () => void;
  readonly ended: Promise<void>;
}

class PgliteClient extends EventEmitter {
  readonly #database: PGlite;
  readonly #statements: Statements;
  readonly #stopNotifications: () => void;
  #transaction: OpenTransaction | null = null;

  constructor(database: PGlite, statements: Statements) {
    super();
    this.#database = database;
    this.#statements = statements;
    this.#stopNotifications = database.onNotification((channel, payload) => this.emit('notification', { channel, payload }));
  }

  async query<Row>(text: string, params: readonly unknown[] = []): Promise<PgQueryResult<Row>> {
    switch (text.trim().toUpperCase()) {
      case 'BEGIN':
        this.#transaction = await beginTransaction(this.#database);
        return { rows: [] };
      case 'COMMIT':
        await this.#end(async () => {});
        return { rows: [] };
      case 'ROLLBACK':
        await this.#end(async (session) => session.rollback());
        return { rows: [] };
      default:
        return run<Row>(this.#transaction?.session ?? this.#database, this.#statements, { text, params });
    }
  }

  release(): void {
    this.#stopNotifications();
    this.removeAllListeners();
  }

  async #end(last: (session: Transaction) => Promise<void>): Promise<void> {
    const open = this.#transaction;
    if (!open) return;
    this.#transaction = null;
    try {
      await last(open.session);
    } finally {
      open.end();
    }
    await open.ended;
  }
}

/** PGlite's transactions are callbacks: this one is held open until `end` is called. */
const beginTransaction = async (database: PGlite): Promise<OpenTransaction> => {
  const begun = Promise.withResolvers<Transaction>();
  const done = Promise.withResolvers<void>();
  const ended = database.transaction(async (session) => {
    begun.resolve(session);
    await done.promise;
  });
  ended.catch(begun.reject);
  return { session: await begun.promise, end: done.resolve, ended };
};

const run = async <Row>(
  session: Pick<PGlite, 'query' | 'exec'>,
  statements: Statements,
  { text, params }: { readonly text: string; readonly params: readonly unknown[] },
): Promise<PgQueryResult<Row>> => {
  if (params.length === 0) return runScript<Row>(session, text);
  const result = await statements.run<Row>(session, { text, params, parsers: PARSERS });
  // As in pglite.ts: sockets have their turn between statements.
  await turn();
  return { rows: result.rows, rowCount: result.affectedRows ?? result.rows.length };
};

/** Without parameters node-postgres allows several statements in one text (BullMQ's migrations). The last one's rows count. */
const runScript = async <Row>(session: Pick<PGlite, 'exec'>, text: string): Promise<PgQueryResult<Row>> => {
  const results = await session.exec(text, { parsers: PARSERS });
  return { rows: rowsOf<Row>(results.at(-1)?.rows ?? []) };
};

/** Rows have the type that the author of the statement says, as in node-postgres. */
const rowsOf = <Row>(rows: readonly unknown[]): Row[] => rows.filter((row): row is Row => row !== undefined);
