/** How much is not done, by device class and submitter: counted as candidates come and end, so that reading it costs the same however many wait. */
import type { Backlog, BacklogOwner, BacklogRow } from '../domain/ports/store-rows.ts';
import { toJson } from './json.ts';
import type { SqlSession, SqlTransaction, Statement } from './sql.ts';

/** Only inside `writing`, with the rows that it counts. */
export const countIn = async (session: SqlTransaction, owners: readonly BacklogOwner[]): Promise<void> =>
  session.run(owners.length > 0 ? [{ text: COUNT_IN, params: [toJson(owners)] }] : []);

/** Only inside `writing`, with the rows that it counts. */
export const countOut = async (session: SqlTransaction, owners: readonly BacklogOwner[]): Promise<void> =>
  session.run(countingOut(owners));

/** The statements of `countOut`. */
export const countingOut = (owners: readonly BacklogOwner[]): readonly Statement[] =>
  owners.length > 0 ? [{ text: COUNT_OUT, params: [toJson(owners)] }] : [];

const COUNT_IN = `
insert into kiln.backlog (device, submitter, count)
select device, submitter, count(*) from jsonb_to_recordset($1::jsonb) as more (device text, submitter text) group by device, submitter
on conflict (device, submitter) do update set count = backlog.count + excluded.count`;

/** Never below nothing: a figure must not keep a verdict from being written. Who has nothing left has no row. */
const COUNT_OUT = `
with fewer as (
  select device, submitter, count(*) as count from jsonb_to_recordset($1::jsonb) as ended (device text, submitter text)
  group by device, submitter
), gone as (
  delete from kiln.backlog using fewer
  where backlog.device = fewer.device and backlog.submitter = fewer.submitter and backlog.count <= fewer.count
)
update kiln.backlog set count = backlog.count - fewer.count
from fewer
where backlog.device = fewer.device and backlog.submitter = fewer.submitter and backlog.count > fewer.count`;

export const readBacklog = async (sql: SqlSession): Promise<Backlog> => {
  const rows = await sql.query<BacklogRow>('select device, submitter, count::float8 as count from kiln.backlog where count > 0');
  const [oldest] = await sql.query<{ atMs: number }>(OLDEST);
  return { rows, oldestSubmittedAtMs: oldest?.atMs ?? null };
};

const OLDEST = `
select floor(extract(epoch from submitted_at) * 1000)::float8 as "atMs"
from kiln.candidates where verdict is null and paused is null order by submit_order limit 1`;
