/** Reads for those who look: flat rows, nothing that is not shown. */
import type { Activity, ActivityQuery } from '../domain/api/activity.ts';
import type { CandidateSummary, OriginView, SummariesQuery, SummaryList } from '../domain/api/candidates.ts';
import type { ProgressStep, ProgressView, RecordList, RecordsQuery } from '../domain/api/problems.ts';
import { campaignOf } from '../domain/campaign/campaign.ts';
import type { CandidateId, SweepId } from '../domain/ids.ts';
import type { ProgressQuery } from '../domain/ports/views.ts';
import { orderOf } from './cursor.ts';
import type { SqlSession } from './sql.ts';

/** Oldest first. */
export const readActivity = async (sql: SqlSession, { since, limit }: ActivityQuery): Promise<readonly Activity[]> =>
  (await sql.query<ActivityRow>(ACTIVITY, [since, limit])).toReversed().map(({ startedAt, finishedAt, ...row }) => ({
    ...row,
    startedAt: startedAt?.toISOString() ?? null,
    finishedAt: finishedAt.toISOString(),
  }));

interface ActivityRow extends Omit<Activity, 'startedAt' | 'finishedAt'> {
  readonly startedAt: Date | null;
  readonly finishedAt: Date;
}

const phase = (name: string): string => `coalesce((phases ->> '${name}')::double precision, 0) as "${name}"`;
const ACTIVITY = `
select attempt_id as "attemptId", problem, host_id as "hostId", device_id as "deviceId", mode, started_at as "startedAt",
  finished_at as "finishedAt", attempts.verdict, infra, ${['idleGapMs', 'loadMs', 'checkMs', 'measureMs'].map(phase).join(', ')}
from kiln.attempts join kiln.candidates on candidates.id = candidate_id
where finished_at > $1::timestamptz order by finished_at desc limit $2::integer`;

interface SummaryRow extends Omit<CandidateSummary, 'submittedAt'> {
  readonly submitOrder: string;
  readonly submittedAt: Date;
}

const SUMMARY = `submit_order::text as "submitOrder", candidates.id, problem, device, content ->> 'language' as language,
  content -> 'params' as params, submitter, candidates.sweep_id as "sweepId", trial, status, verdict,
  (score ->> 'speedup')::double precision as speedup, (score ->> 'speedupLow')::double precision as "speedupLow",
  (score ->> 'speedupHigh')::double precision as "speedupHigh", (score ->> 'timeNs')::double precision as "timeNs",
  coalesce((score ->> 'confirmed')::boolean, false) as confirmed, (score -> 'stopped') is not null as "stoppedEarly", score -> 'answers' as answers, submitted_at as "submittedAt", state ->> 'finishedAt' as "finishedAt"`;

const summaryOf = ({ submitOrder: _order, submittedAt, ...row }: SummaryRow): CandidateSummary => ({
  ...row,
  submittedAt: submittedAt.toISOString(),
});

/** Newest first. `cursor` is the `next` of the page before. */
export const readSummaries = async (sql: SqlSession, query: SummariesQuery): Promise<SummaryList> => {
  const params: unknown[] = [];
  const when = (value: string | undefined, condition: (bound: string) => string): readonly string[] =>
    value === undefined ? [] : [condition(`$${params.push(value)}`)];
  const conditions = [
    ...when(query.problem, (bound) => `problem = ${bound}`),
    ...when(query.device, (bound) => `lower(device) = lower(${bound})`),
    ...when(query.status, (bound) => `status = ${bound}`),
    ...when(query.verdict, (bound) => `verdict = ${bound}`),
    ...when(query.submitter, (bound) => `submitter = ${bound}`),
    ...when(query.language, (bound) => `content ->> 'language' = ${bound}`),
    ...when(query.sweep, (bound) => `id in (select candidate_id from kiln.sweep_points where sweep_id = ${bound})`),
    ...when(orderOf(query.cursor), (bound) => `submit_order < ${bound}::bigint`),
    'true',
  ];
  const rows = await sql.query<SummaryRow>(
    `select ${SUMMARY} from kiln.candidates where ${conditions.join(' and ')} order by submit_order desc limit ${Math.trunc(query.limit) + 1}`,
    params,
  );
  const page = rows.slice(0, query.limit);
  return { candidates: page.map(summaryOf), next: rows.length > page.length ? (page.at(-1)?.submitOrder ?? null) : null };
};

export const readRecords = async (sql: SqlSession, { limit }: RecordsQuery): Promise<RecordList['records']> =>
  (await sql.query<Omit<RecordList['records'][number], 'at'> & { readonly at: Date }>(RECORDS, [limit])).map(
    ({ at, ...row }) => ({
      ...row,
      at: at.toISOString(),
    }),
  );

const RECORDS = `
with taken as (
  select sequence, at, candidate_id, data from kiln.journal
  where type = 'candidate.record' and data ? 'speedup'
  order by sequence desc limit $1::integer
)
select candidate_id as "candidateId", candidates.problem, data ->> 'deviceModel' as "deviceModel", submitter,
  coalesce(data ->> 'class', 'device') as class, (data ->> 'speedup')::double precision as speedup, at
from taken join kiln.candidates on candidates.id = candidate_id order by sequence desc`;

interface ProgressRow extends Omit<ProgressStep, 'at'> {
  readonly deviceModel: string;
  readonly device: string;
  readonly at: Date;
  readonly best: boolean;
  readonly firstAt: Date;
}

/** Model by model, the steps in order. The last row of a model says how much was judged in all. */
export const readProgress = async (sql: SqlSession, query: ProgressQuery): Promise<ProgressView['models']> => {
  const rows = await sql.query<ProgressRow>(PROGRESS, [query.problem, query.problemVersions]);
  return [...Map.groupBy(rows, ({ deviceModel }) => deviceModel)].flatMap(([deviceModel, list]) => {
    const last = list.at(-1);
    if (last === undefined) return [];
    const { device, judged, gpuSeconds, firstAt, at } = last;
    const steps = list.flatMap(({ deviceModel: _model, device: _device, firstAt: _first, best, at: when, ...step }) =>
      best ? [{ ...step, at: when.toISOString() }] : [],
    );
    return [{ deviceModel, device, judged, gpuSeconds, firstAt: firstAt.toISOString(), lastAt: at.toISOString(), steps }];
  });
};

/** Of device code. Only what was better than all before it, and the last row of each model, leave the database. */
const PROGRESS = `
with costs as (
  select attempts.candidate_id, attempts.device_model, max(finished_at) as at, sum(coalesce((phases ->> 'totalMs')::double precision, 0)) / 1000 as seconds
  from kiln.attempts join kiln.candidates on candidates.id = attempts.candidate_id
  where problem = $1 and problem_version = any($2::text[]) and trial = 0 group by attempts.candidate_id, attempts.device_model
), counted as (
  select candidate_id, costs.device_model, device, at, submitter, content ->> 'language' as language, score,
    case when candidates.device_model = costs.device_model and (score ->> 'confirmed')::boolean and score -> 'answers' is null then rank_key end as key,
    count(*) over earlier as judged, sum(seconds) over earlier as gpu_seconds, min(at) over (partition by costs.device_model) as first_at,
    row_number() over (partition by costs.device_model order by at desc, candidate_id desc) = 1 as last
  from costs join kiln.candidates on candidates.id = candidate_id
  window earlier as (partition by costs.device_model order by at, candidate_id rows unbounded preceding)
), compared as (
  select *, key is not null and key > coalesce(max(key) over (
    partition by device_model order by at, candidate_id rows between unbounded preceding and 1 preceding), 0) as best
  from counted
)
select candidate_id as "candidateId", device_model as "deviceModel", device, submitter, language, at, first_at as "firstAt", best,
  judged::integer, gpu_seconds as "gpuSeconds", (score ->> 'speedup')::double precision as speedup,
  (score ->> 'speedupLow')::double precision as "speedupLow", (score ->> 'speedupHigh')::double precision as "speedupHigh"
from compared where best or last order by device_model, at, candidate_id`;

/** The first generation that submitted it. Null where there is no such candidate. */
export const readOrigin = async (sql: SqlSession, id: CandidateId): Promise<OriginView | null> => {
  const [candidate] = await sql.query<{ sweepId: SweepId | null; submitter: string; profiled: boolean }>(
    `select sweep_id as "sweepId", submitter, exists (select from kiln.profiles where candidate_id = candidates.id) as profiled
     from kiln.candidates where id = $1`,
    [id],
  );
  if (!candidate) return null;
  const { sweepId, submitter, profiled } = candidate;
  // A search of all generations would read the whole table.
  const campaign = campaignOf(submitter);
  if (campaign === null) return { sweepId, profiled, generation: null };
  const [generation = null] = await sql.query<NonNullable<OriginView['generation']>>(GENERATION, [campaign, id]);
  return { sweepId, profiled, generation };
};

const GENERATION = `
select campaign_id as "campaignId", number, generator, move, idea, parents from kiln.generations
where campaign_id = $1 and state ->> 'candidateId' = $2 order by asked_at, number limit 1`;
