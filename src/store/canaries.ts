/** What is known of devices and compilers by their canaries, and the verdicts that are in doubt when one fails. */
import type { CanaryState } from '../domain/canary.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import type { Doubt, Reopened } from '../domain/ports/store.ts';
import { writing } from './journal.ts';
import { toJson } from './json.ts';
import { afterReopening, type ReopenedRow } from './reopening.ts';
import type { Sql, SqlSession, Writer } from './sql.ts';

/** Verdicts of one look, and so of one transaction. */
const PAGE_MAX = 500;
/** The clocks of two writes may differ by so much: a verdict too many is judged again rather than one too few. */
const MARGIN_SECONDS = 10;
/** In place of a device: the host's compiler. */
const COMPILER = '';

export const writeCanaries = async (sql: Writer, batch: readonly CanaryState[], at: string): Promise<void> => {
  if (batch.length === 0) return;
  const lastOf = new Map(batch.map((canary) => [`${canary.hostId}\n${canary.deviceId ?? COMPILER}`, canary]));
  await sql.query(WRITE, [toJson([...lastOf.values()]), at]);
};

const WRITE = `
insert into kiln.canaries (host_id, device_id, trusted_at, quarantine, marks, updated_at)
select "hostId", coalesce("deviceId", '${COMPILER}'), "trustedAt", nullif(quarantine, 'null'::jsonb), marks, $2::timestamptz
from jsonb_to_recordset($1::jsonb) as canary ("hostId" text, "deviceId" text, "trustedAt" timestamptz, quarantine jsonb, marks jsonb)
on conflict (host_id, device_id) do update set
  trusted_at = excluded.trusted_at, quarantine = excluded.quarantine, marks = excluded.marks, updated_at = excluded.updated_at`;

export const readCanaries = async (sql: SqlSession): Promise<readonly CanaryState[]> => {
  const rows = await sql.query<Omit<CanaryState, 'trustedAt'> & { readonly trustedAt: Date | null }>(
    `select host_id as "hostId", nullif(device_id, '${COMPILER}') as "deviceId", trusted_at as "trustedAt", quarantine, marks from kiln.canaries`,
  );
  return rows.map((row) => ({ ...row, trustedAt: row.trustedAt?.toISOString() ?? null }));
};

/**
 * Queues again candidates whose verdict depends on the device, judged since its last passed canary, and those that its host's compiler refused
 * since the last one that passed on any of its devices; of a compile host, those whose code it made since. A page at a time: called until none
 * is left. A verdict that came after it was judged again is not in doubt by what was before.
 */
export const reopenDoubted = async (sql: Sql, { hostId, deviceId, reason }: Doubt, at: string): Promise<Reopened> =>
  writing(sql, async (session) => {
    const said = deviceId === null ? MADE : JUDGED;
    const rows = await session.query<ReopenedRow>(reopenSql(said), [hostId, deviceId ?? COMPILER, reason, at]);
    return afterReopening(session, rows, { at, eventOf: (row) => reopenedEvent(row, { hostId, deviceId, reason }) });
  });

/** Of a device: what it judged, and what its own host's compiler refused. */
const JUDGED = `
  select candidate_id, finished_at as at from kiln.attempts, since
  where host_id = $1 and device_id = $2 and verdict is not null and finished_at > since.subject
  union all
  select candidate_id, at from kiln.journal, since
  where type = 'candidate.done' and host_id = $1 and at > since.host and data ->> 'verdict' in ('compile_error', 'timed_out')
    and data ->> 'compiledBy' is null`;

/** Of a compile host: when its code came to who judges it, and what it refused. */
const MADE = `
  select candidate_id, at from kiln.journal, since
  where type in ('candidate.ready', 'candidate.done') and data ->> 'compiledBy' = $1 and at > since.subject`;

const reopenSql = (said: string): string => `
with since as (
  select
    coalesce((select trusted_at - interval '${MARGIN_SECONDS} seconds' from kiln.canaries where host_id = $1 and device_id = $2), '-infinity') as subject,
    coalesce((select max(trusted_at) - interval '${MARGIN_SECONDS} seconds' from kiln.canaries where host_id = $1 and device_id <> '${COMPILER}'), '-infinity') as host
), said as (${said}
), doubted as (
  select candidates.id, candidates.verdict, (candidates.score ->> 'speedup')::double precision as speedup
  from kiln.candidates
  where candidates.status = 'done' and candidates.verdict not in ('cancelled', 'infra_failed', 'plan_error')
    and exists (
      select 1 from said
      where said.candidate_id = candidates.id and said.at > coalesce((candidates.judged_again ->> 'at')::timestamptz, '-infinity')
    )
  order by candidates.submit_order limit ${PAGE_MAX}
)
update kiln.candidates set
  state = '{"status": "queued"}'::jsonb,
  score = null,
  infra_failures = 0,
  by_answers = null,
  judged_again = jsonb_build_object(
    'at', $4::text, 'hostId', $1::text, 'deviceId', nullif($2::text, '${COMPILER}'), 'reason', $3::text, 'verdict', doubted.verdict, 'speedup', doubted.speedup),
  updated_at = $4::timestamptz
from doubted where candidates.id = doubted.id
returning candidates.id, priority, device, submitter, problem, doubted.verdict`;

const reopenedEvent = ({ id, problem, device, verdict }: ReopenedRow, doubt: Doubt): NewJournalEvent => ({
  type: 'candidate.reopened',
  candidateId: id,
  hostId: doubt.hostId,
  data: { verdict, reason: doubt.reason, deviceId: doubt.deviceId, problem, device },
});
