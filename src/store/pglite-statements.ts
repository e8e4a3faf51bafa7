/**
 * The embedded database's statements, parsed once. `PGlite.query` has Postgres parse and plan a text each time, and asks it in five steps; for most of
 * what Kiln asks, that costs more than the statement itself.
 *
 * A text that comes a second time is prepared under a name; from then on it is one step, and Postgres may keep its plan.
 * Invariant: Postgres has a statement of each name in `prepared`, and beside those only what `toClose` says.
 */
import { Buffer } from 'node:buffer';
import { parse, protocol } from '@electric-sql/pglite';
import type { PGlite } from '@electric-sql/pglite';
import { KilnError } from '../domain/errors.ts';
import { BoundedMap } from '../platform/bounded-map.ts';

/** Most of Kiln's texts are constants; one that was put together for a single question is forgotten again. */
const TEXTS_MAX = 256;
/** A plan is made for the tables as they are: it is made anew after so many runs, then after twice as many, up to the most. */
const RUNS_FIRST = 16;
const RUNS_MAX = 1024;

const { serialize } = protocol;

type Parsers = PGlite['parsers'];
type Answer = Awaited<ReturnType<PGlite['execProtocolStream']>>;

interface Prepared {
  readonly name: string;
  readonly paramTypes: readonly number[];
  /** What its rows look like; Postgres says so when it is prepared, and not again. */
  readonly rowShape: Answer;
  readonly runsMax: number;
  runs: number;
}

export interface Answered<Row> {
  readonly rows: Row[];
  readonly affectedRows?: number;
}

export interface Statements {
  /** `session`: the database itself, or a transaction of it that is open. `parsers`: of types that are read in another way than PGlite's. */
  run<Row>(session: Pick<PGlite, 'query'>, statement: Statement): Promise<Answered<Row>>;
}

export interface Statement {
  readonly text: string;
  readonly params: readonly unknown[];
  readonly parsers?: Parsers;
}

export const createStatements = (database: PGlite): Statements => {
  const seen = new BoundedMap<string, true>(TEXTS_MAX);
  const toClose: string[] = [];
  const prepared = new BoundedMap<string, Prepared>(TEXTS_MAX, (_text, { name }) => void toClose.push(name));
  let names = 0;

  const ask = async (messages: readonly Uint8Array[]): Promise<Answer> =>
    database.execProtocolStream(Buffer.concat([...messages, serialize.sync()]), { syncToFs: false });

  const prepare = async (text: string, runsMax: number): Promise<Prepared> => {
    names += 1;
    const name = `kiln_${names}`;
    const closed = toClose.splice(0).map((gone) => serialize.close({ type: 'S', name: gone }));
    const answer = await ask([...closed, serialize.parse({ name, text }), serialize.describe({ type: 'S', name })]);
    const rowShape = answer.filter((message) => message.name === 'rowDescription');
    const statement = { name, paramTypes: parse.parseDescribeStatementResults(answer), rowShape, runsMax, runs: 0 };
    prepared.set(text, statement);
    return statement;
  };

  const current = async (text: string): Promise<Prepared> => {
    const known = prepared.use(text);
    if (known && known.runs < known.runsMax) return known;
    prepared.delete(text);
    return prepare(text, known ? Math.min(2 * known.runsMax, RUNS_MAX) : RUNS_FIRST);
  };

  const runPrepared = async <Row>({ text, params, parsers }: Statement): Promise<Answered<Row>> => {
    try {
      const statement = await current(text);
      statement.runs += 1;
      const values = params.map((value, index) => serialized(database, value, statement.paramTypes[index]));
      const answer = await ask([serialize.bind({ statement: statement.name, values }), serialize.execute({})]);
      return answered(parse.parseResults([...statement.rowShape, ...answer], { ...database.parsers, ...parsers })[0]);
    } catch (error) {
      // Whatever it was: the next run does not build on it.
      prepared.delete(text);
      throw error;
    }
  };

  return {
    run: async <Row>(session: Pick<PGlite, 'query'>, statement: Statement) => {
      const { text, params, parsers } = statement;
      if (!seen.use(text)) {
        seen.set(text, true);
        return answered<Row>(await session.query(text, [...params], parsers && { parsers }));
      }
      const run = async (): Promise<Answered<Row>> => database.runExclusive(async () => runPrepared<Row>(statement));
      // oxlint-disable-next-line no-underscore-dangle -- the lock that `query` takes outside of a transaction; there is no other name for it
      return session === database ? database._runExclusiveTransaction(run) : run();
    },
  };
};

const serialized = (database: PGlite, value: unknown, type = 0): string | null => {
  if (value === null || value === undefined) return null;
  const serializer = database.serializers[type];
  if (serializer) return serializer(value);
  if (typeof value === 'string') return value;
  throw new KilnError(
    'INTERNAL',
    `the embedded database takes no ${typeof value} as a parameter of type ${type}; give it as text`,
  );
};

/** Rows have the type that the author of the statement says, as in node-postgres. */
const answered = <Row>(
  results: { readonly rows: readonly unknown[]; readonly affectedRows?: number } | undefined,
): Answered<Row> => ({
  rows: (results?.rows ?? []).filter((row): row is Row => row !== undefined),
  ...(results?.affectedRows !== undefined && { affectedRows: results.affectedRows }),
});
