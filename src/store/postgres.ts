/** A Postgres server (15 or later) behind a pool, for the store and, where it is kept there too, for the queue. */
import pg from 'pg';
import { KilnError } from '../domain/errors.ts';
import { migrate } from './migrate.ts';
import type { OpenDatabase } from './pglite.ts';
import type { Sql, SqlSession, SqlTransaction } from './sql.ts';

const CONNECTIONS_MAX = 10;
const CONNECT_LIMIT_MS = 5_000;
const STATEMENT_LIMIT_MS = 60_000;
/** A daemon that was suspended in the middle of a write must not keep the store from the next one: its transaction is rolled back. */
const IDLE_IN_TRANSACTION_LIMIT_MS = 10_000;
/** SQLSTATE classes that say "the server, not the statement": connection, resources, operator intervention, system; and that a transaction sat idle too long. */
const UNAVAILABLE = /^(?:08|53|57|58|25P03)/;
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Connects and migrates. Throws STORE_UNAVAILABLE (retryable) where the server cannot be reached. */
export const openPostgres = async (url: string, { connectLimitMs = CONNECT_LIMIT_MS } = {}): Promise<OpenDatabase> => {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: connectLimitMs,
    statement_timeout: STATEMENT_LIMIT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_LIMIT_MS,
    keepAlive: true,
    // Statements that are asked together (`run`) are one write and one round trip.
    pipeline: true,
  });
  // A connection that the server closes is replaced by the pool; the next statement tells if it cannot be. The pool listens to idle ones only:
  // one that is checked out would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    closing ??= pool.end();
    await closing;
  };
  const sql = sqlOf(pool, close);
  try {
    await migrate(sql);
  } catch (error) {
    await close();
    throw error;
  }
  return { sql, close };
};

const sqlOf = (pool: pg.Pool, close: () => Promise<void>): Sql => {
  const session = sessionOf(pool);
  return {
    ...session,
    transaction: async (work, opening) => inTransaction(pool, work, opening),
    close,
  };
};

/** Of each statement. */
type Rows = readonly (readonly object[])[];

const inTransaction = async <T>(
  pool: pg.Pool,
  work: (session: SqlTransaction, opened: Rows) => Promise<T>,
  opening: readonly string[] = [],
): Promise<T> => {
  const client = await reaching(pool.connect());
  try {
    const result = await work(transactionOf(client), await reaching(begin(client, opening)));
    await reaching(client.query('commit'));
    client.release();
    return result;
  } catch (error) {
    // A connection that cannot even roll back is thrown away; the server rolls back when it is gone.
    const broken = await client.query('rollback').then(
      () => false,
      () => true,
    );
    client.release(broken);
    throw error;
  }
};

const sessionOf = (queryable: Pick<pg.Pool, 'query'> | Pick<pg.PoolClient, 'query'>): SqlSession => ({
  query: async <Row extends object>(text: string, params: readonly unknown[] = []) =>
    (await reaching(queryable.query<Row>({ text, values: [...params] }))).rows,
  script: async (text) => {
    await reaching(queryable.query(text));
  },
});

const transactionOf = (client: pg.PoolClient): SqlTransaction => {
  const session = sessionOf(client);
  return {
    ...session,
    run: async (statements) => {
      const [only] = statements;
      if (only && statements.length === 1) await session.query(only.text, only.params);
      else await Promise.all(inOneWrite(client, () => statements.map(async ({ text, params }) => session.query(text, params))));
    },
  };
};

const inOneWrite = <T>({ connection: { stream } }: pg.PoolClient, ask: () => T): T => {
  stream.cork();
  try {
    return ask();
  } finally {
    stream.uncork();
  }
};

/** Text without parameters may hold several statements: the first that fails is the last. Returns the rows of all but `begin`. */
const begin = async (client: pg.PoolClient, opening: readonly string[]): Promise<Rows> => {
  const answers: unknown = await client.query(['begin', ...opening].join('; '));
  return Array.isArray(answers) ? answers.slice(1).map(({ rows }: pg.QueryResult<object>) => rows) : [];
};

/** Of what is asked of the server, one by one: what a transaction's work throws beside that is its own. */
const reaching = async <T>(statement: Promise<T>): Promise<T> => {
  try {
    return await statement;
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === null) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new KilnError('STORE_UNAVAILABLE', `Postgres ${trouble} (${reason}); check the database and its URL`, { cause: error });
  }
};

/** A parameter that has no form in which it could be sent, such as a bigint in jsonb. */
const FAULTS_OF_OURS = [TypeError, RangeError, SyntaxError, ReferenceError];

/** Errors of the server carry a SQLSTATE; those of the socket or the pool do not. Null: it is the statement's own. */
const troubleOf = (error: unknown): 'does not serve now' | 'cannot be reached' | null => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (SQLSTATE.test(code)) return UNAVAILABLE.test(code) ? 'does not serve now' : null;
  return FAULTS_OF_OURS.some((kind) => error instanceof kind) ? null : 'cannot be reached';
};
