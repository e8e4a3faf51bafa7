/** The little that the store asks of a database. Postgres and PGlite have it; both pass test/integration/store. */

/** One session. `Row` names the columns of `text`; timestamps arrive as Date, jsonb parsed, bytea as Uint8Array, int8 cast to float8. */
export interface SqlSession {
  query<Row extends object>(text: string, params?: readonly unknown[]): Promise<readonly Row[]>;
  /** Several statements without parameters, for migrations. */
  script(text: string): Promise<void>;
}

export interface Statement {
  readonly text: string;
  readonly params: readonly unknown[];
}

/** A transaction that is open. */
export interface SqlTransaction extends SqlSession {
  /** Statements whose rows nobody asks for, in their order; at a server all of them are one round trip. */
  run(statements: readonly Statement[]): Promise<void>;
}

/** Throws KilnError STORE_UNAVAILABLE (retryable) when the database cannot be reached; errors of the statement itself as they are. */
export interface Sql extends SqlSession {
  /**
   * Commits when `work` resolves, rolls back when it rejects. `opening`: statements without parameters that come first, at a server in one round trip with the
   * beginning; `opened` are their rows.
   */
  transaction<T>(
    work: (session: SqlTransaction, opened: readonly (readonly object[])[]) => Promise<T>,
    opening?: readonly string[],
  ): Promise<T>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** A database to write to, or a transaction of it that is open already. */
export type Writer = Pick<Sql, 'query' | 'transaction'> & {
  /** The transaction holds the journal's lock already. */
  readonly isWriting?: true;
};
