/** What `kiln doctor` asks a Postgres server. It changes nothing. */
import pg from 'pg';
import { DaemonHolder, holderText } from '../domain/daemon-holder.ts';
import type { Finding } from '../domain/finding.ts';
import { STORE_LEASE_MS } from './daemon-lease.ts';

const ANSWER_LIMIT_MS = 5_000;
/** As `server_version_num`. */
const VERSION_MIN = 150_000;

export interface PostgresDiagnosis {
  readonly findings: readonly Finding[];
  /** Null before the first daemon, and where the server does not answer. */
  readonly storeId: string | null;
}

/** `place`: the URL without its password. */
export const diagnosePostgres = async (
  url: string,
  place: string,
  { answerLimitMs = ANSWER_LIMIT_MS } = {},
): Promise<PostgresDiagnosis> => {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: answerLimitMs,
    query_timeout: answerLimitMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await diagnose(client, place);
  } catch (error) {
    const reason = error instanceof Error ? error.message || String(error) : String(error);
    const remedy = 'start it, or correct the URL, its user and its password (store.url, queue.url, KILN_POSTGRES_URL)';
    return { findings: [{ check: 'postgres', found: `${place} cannot be used (${reason})`, remedy }], storeId: null };
  } finally {
    await client.end().catch(() => undefined);
  }
};

interface Facts {
  readonly version: string;
  readonly number: number;
  readonly fsync: string;
  readonly commit: string;
  readonly mayCreate: boolean;
  readonly isReplica: boolean;
  readonly hasTables: boolean;
}

const FACTS = `
select current_setting('server_version') as version, current_setting('server_version_num')::integer as number,
  current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
  has_database_privilege(current_database(), 'CREATE') as "mayCreate", pg_is_in_recovery() as "isReplica",
  to_regclass('kiln.daemon') is not null as "hasTables"`;

const diagnose = async (client: pg.Client, place: string): Promise<PostgresDiagnosis> => {
  const { rows } = await client.query<Facts>(FACTS);
  const [facts] = rows;
  if (!facts) throw new Error('it did not say what it is');
  const findings = [versionOf(facts, place), rightsOf(facts), durabilityOf(facts)];
  if (!facts.hasTables) return { findings, storeId: null };
  const store = await client.query<{ id: string; holder: unknown; isHeld: boolean }>(
    `select id, holder, renewed_at is not null and renewed_at > clock_timestamp() - $1 * interval '1 millisecond' as "isHeld"
     from kiln.identity, kiln.daemon`,
    [STORE_LEASE_MS],
  );
  const row = store.rows[0];
  const holder = DaemonHolder.safeParse(row?.holder).data;
  const used = row?.isHeld && holder ? `in use by ${holderText(holder)}` : 'in use by no daemon';
  return {
    findings: [...findings, { check: 'store', found: `${row?.id ?? 'without an id'}, ${used}`, remedy: null }],
    storeId: row?.id ?? null,
  };
};

const versionOf = ({ version, number, isReplica }: Facts, place: string): Finding => {
  const remedy = isReplica
    ? 'this server is a replica: use the primary'
    : number < VERSION_MIN
      ? `install Postgres ${VERSION_MIN / 10_000} or later`
      : null;
  return { check: 'postgres', found: `${version} at ${place}`, remedy };
};

const rightsOf = ({ mayCreate, hasTables }: Facts): Finding => ({
  check: 'postgres rights',
  found: mayCreate ? 'may create schemas' : 'may not create schemas',
  remedy: mayCreate || hasTables ? null : 'grant create on the database to this role: schema kiln is made at the first start',
});

const durabilityOf = ({ fsync, commit }: Facts): Finding => ({
  check: 'postgres durability',
  found: `fsync ${fsync}, synchronous_commit ${commit}`,
  remedy: fsync === 'on' && commit !== 'off' ? null : 'set fsync and synchronous_commit to on, or a power failure loses verdicts',
});
