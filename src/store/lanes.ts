/** The devices' time in steps. Read a part of the time after the other: the embedded database answers nobody else meanwhile. */
import type { DeviceLane, LanesView } from '../domain/api/lanes.ts';
import type { DeviceId } from '../domain/ids.ts';
import type { LaneSteps } from '../domain/ports/views.ts';
import type { SqlSession } from './sql.ts';

/** What one statement reads: of five minutes half a one, of half an hour three. */
const PARTS = 10;
/** Of the counts of verdicts: the whole time in so many. */
const VERDICT_STEPS = 60;

type Lanes = Pick<LanesView, 'devices' | 'verdicts'>;

export const readLanes = async (sql: SqlSession, steps: LaneSteps): Promise<Lanes> => {
  const lanes = new Map<DeviceId, Columns>();
  const verdicts: LanesView['verdicts'] = [];
  for (const part of partsOf(steps)) {
    for (const row of await sql.query<StepRow>(STEPS, [steps.since, part.from, part.to, steps.stepMs])) addStep(lanes, row);
    verdicts.push(
      ...(await sql.query<LanesView['verdicts'][number]>(VERDICTS, [steps.since, part.from, part.to, part.verdictMs])),
    );
  }
  return { devices: [...lanes.values()], verdicts };
};

interface Part {
  readonly from: Date;
  readonly to: Date;
  readonly verdictMs: number;
}

/** Whole steps each, so that none is told in two rows. */
const partsOf = ({ since, until, stepMs }: LaneSteps): readonly Part[] => {
  const wholeMs = until.getTime() - since.getTime();
  const lengthMs = stepMs * Math.ceil(wholeMs / PARTS / stepMs);
  const verdictMs = Math.max(1, Math.ceil(wholeMs / VERDICT_STEPS));
  return Array.from({ length: Math.ceil(wholeMs / lengthMs) }, (_part, index) => {
    const from = since.getTime() + index * lengthMs;
    return { from: new Date(from), to: new Date(Math.min(from + lengthMs, until.getTime())), verdictMs };
  });
};

type Columns = { -readonly [Name in keyof DeviceLane]: DeviceLane[Name] };
interface StepRow extends Record<Exclude<keyof DeviceLane, 'deviceId'>, number> {
  readonly deviceId: DeviceId;
}
const COLUMNS = ['endMs', 'waitingMs', 'loadingMs', 'checkingMs', 'measuringMs', 'faultMs'] as const;

const addStep = (lanes: Map<DeviceId, Columns>, row: StepRow): void => {
  const empty = { endMs: [], waitingMs: [], loadingMs: [], checkingMs: [], measuringMs: [], faultMs: [] };
  const lane = lanes.get(row.deviceId) ?? { deviceId: row.deviceId, ...empty };
  lanes.set(row.deviceId, lane);
  for (const name of COLUMNS) lane[name].push(row[name]);
};

const SINCE_MS = 'extract(epoch from finished_at - $1::timestamptz) * 1000';
const IS_FAULT = "(infra is not null or coalesce(verdict, '') in ('crashed', 'timed_out'))";
const IN_PART = 'finished_at > $2::timestamptz and finished_at <= $3::timestamptz';
const spent = (phase: string): string =>
  `round(coalesce(sum((phases ->> '${phase}')::double precision) filter (where not ${IS_FAULT}), 0))::float8`;

const STEPS = `
select device_id as "deviceId", round(max(${SINCE_MS}))::float8 as "endMs", ${spent('idleGapMs')} as "waitingMs",
  ${spent('loadMs')} as "loadingMs", ${spent('checkMs')} as "checkingMs", ${spent('measureMs')} as "measuringMs",
  round(coalesce(sum(greatest(1, extract(epoch from finished_at - started_at) * 1000)) filter (where ${IS_FAULT}), 0))::float8 as "faultMs"
from kiln.attempts where ${IN_PART}
group by device_id, ceil(${SINCE_MS} / $4::float8) order by device_id, ceil(${SINCE_MS} / $4::float8)`;

const VERDICTS = `
select round(max(${SINCE_MS}))::float8 as "endMs", coalesce(verdict, case when infra is null then 'unknown' else 'infra failure' end) as verdict,
  count(*)::float8 as count
from kiln.attempts where ${IN_PART} group by ceil(${SINCE_MS} / $4::float8), 2 order by 1, 2`;
