/** Verdicts that are taken back because an operator asked, with the reason (those of doubted devices: canaries.ts). */
import type { CandidateId } from '../domain/ids.ts';
import type { Reopened } from '../domain/ports/store.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import { writing } from './journal.ts';
import { afterReopening, type ReopenedRow } from './reopening.ts';
import type { Sql } from './sql.ts';

/** Those of `ids` that are done; one transaction with their `candidate.reopened` events. Records that they held go to the best that is left. */
export const rejudge = async (
  sql: Sql,
  ids: readonly CandidateId[],
  { reason, at }: { readonly reason: string; readonly at: string },
): Promise<Reopened> =>
  writing(sql, async (session) => {
    const rows = await session.query<ReopenedRow>(REJUDGE, [ids, reason, at]);
    return afterReopening(session, rows, { at, eventOf: (row) => eventOf(row, reason) });
  });

const REJUDGE = `
with asked as (
  select id, verdict, (score ->> 'speedup')::double precision as speedup from kiln.candidates
  where id = any($1::text[]) and status = 'done' and verdict <> 'plan_error'
)
update kiln.candidates set
  state = '{"status": "queued"}'::jsonb,
  score = null,
  infra_failures = 0,
  by_answers = null,
  judged_again = jsonb_build_object(
    'at', $3::text, 'hostId', null, 'deviceId', null, 'reason', $2::text, 'verdict', asked.verdict, 'speedup', asked.speedup),
  updated_at = $3::timestamptz
from asked where candidates.id = asked.id
returning candidates.id, priority, device, submitter, problem, asked.verdict`;

const eventOf = ({ id, problem, device, verdict }: ReopenedRow, reason: string): NewJournalEvent => ({
  type: 'candidate.reopened',
  candidateId: id,
  hostId: null,
  data: { verdict, reason, asked: true, problem, device },
});
