/** Sweeps for those who look: counts, results, lists. */
import type { SweepId } from '../domain/ids.ts';
import type { Candidate } from '../domain/candidate.ts';
import type { SweepPoints, SweepResults } from '../domain/api/sweeps.ts';
import type { SweepCounts, SweepPage, SweepTally } from '../domain/ports/sweeps.ts';
import { readRecords } from './reading.ts';
import type { SqlSession } from './sql.ts';

const POINT = `number, reported, candidate_id as id, content -> 'params' as params, candidates.status, verdict,
  (score ->> 'speedup')::double precision as speedup, (score ->> 'speedupLow')::double precision as "speedupLow",
  (score ->> 'speedupHigh')::double precision as "speedupHigh", (score ->> 'timeNs')::double precision as "timeNs",
  (score -> 'stopped') is not null as "stoppedEarly", state ->> 'finishedAt' as "finishedAt", device_ms as "deviceMs"`;
const OF_SWEEP = 'from kiln.sweep_points join kiln.candidates on candidates.id = candidate_id where sweep_points.sweep_id = $1';

export const readResults = async (sql: SqlSession, id: SweepId, page: SweepPage): Promise<SweepResults['results']> => [
  ...(await sql.query<SweepResults['results'][number]>(
    `select ${POINT} ${OF_SWEEP} and reported > $2::integer order by reported limit $3::integer`,
    [id, page.after, page.limit],
  )),
];

export const readPoints = async (sql: SqlSession, id: SweepId, page: SweepPage): Promise<SweepPoints['points']> => [
  ...(await sql.query<SweepPoints['points'][number]>(
    `select ${POINT} ${OF_SWEEP} and number > $2::integer order by number limit $3::integer`,
    [id, page.after, page.limit],
  )),
];

/** The passed candidates, best first by rank key; what was stopped early comes last. */
export const readSweepBest = async (sql: SqlSession, id: SweepId, limit: number): Promise<readonly Candidate[]> =>
  readRecords(sql, {
    where: `rank_key is not null and id in (select candidate_id from kiln.sweep_points where sweep_id = $1)
      order by (score -> 'stopped') is not null, rank_key desc, submit_order limit $2::integer`,
    params: [id, limit],
  });

interface Count {
  readonly status: string | null;
  readonly verdict: string | null;
  readonly count: number;
  readonly seconds: number;
}

export const readSweepCounts = async (sql: SqlSession, id: SweepId): Promise<SweepCounts> => {
  const rows = await sql.query<Count>(COUNTS, [id]);
  const sumBy = (name: (row: Count) => string | null): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const row of rows) {
      const key = name(row);
      if (key !== null) sums[key] = (sums[key] ?? 0) + row.count;
    }
    return sums;
  };
  return {
    asked: rows.reduce((sum, { count }) => sum + count, 0),
    byStatus: sumBy(({ status }) => status),
    byVerdict: sumBy(({ verdict }) => verdict),
    gpuSeconds: rows.reduce((sum, { seconds }) => sum + seconds, 0),
  };
};

/** A point that is not submitted yet has no status. */
const COUNTS = `
select candidates.status, verdict, count(*)::integer as count, coalesce(sum(device_ms), 0)::double precision / 1000 as seconds
from kiln.sweep_points left join kiln.candidates on candidates.id = candidate_id
where sweep_points.sweep_id = $1 group by candidates.status, verdict`;

/** One sweep at a time: all of the last ones in one question would hold the embedded database, and with it the daemon, for a second. */
export const readSweepTally = async (sql: SqlSession, id: SweepId): Promise<SweepTally> => {
  const [tally] = await sql.query<SweepTally>(TALLY, [id]);
  return tally ?? { asked: 0, done: 0, passed: 0, best: null, gpuSeconds: 0 };
};

const TALLY = `
select count(*)::integer as asked, (count(*) filter (where candidates.status = 'done'))::integer as done,
  (count(*) filter (where verdict = 'passed'))::integer as passed, max((score ->> 'speedup')::double precision) as best,
  coalesce(sum(device_ms), 0)::double precision / 1000 as "gpuSeconds"
from kiln.sweep_points left join kiln.candidates on candidates.id = candidate_id where sweep_points.sweep_id = $1`;
