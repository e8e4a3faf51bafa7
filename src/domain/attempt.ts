/** What a judgement came to, as it is kept and shown. Times are ISO 8601 UTC. */
import { z } from 'zod';
import { AttemptId, DeviceId, HostId } from './ids.ts';
import { CaseTiming, JudgePhases, Telemetry } from './measurement.ts';
import { VERDICTS } from './outcome.ts';

const Instant = z.iso.datetime();

/** One finished judgement of a candidate, or one infra failure. */
export const FinishedAttempt = z.strictObject({
  attemptId: AttemptId,
  hostId: HostId,
  deviceId: DeviceId,
  deviceModel: z.string(),
  mode: z.enum(['screen', 'confirm']),
  /** Of a program. Absent where a daemon took it over from its former life, and of all other candidates. */
  judgedBy: z.enum(['recording', 'answers']).optional(),
  startedAt: Instant.nullable(),
  finishedAt: Instant,
  verdict: z.enum(VERDICTS).nullable(),
  /** Set when the attempt failed for a reason that is not the candidate's. */
  infra: z.string().nullable(),
  timings: z.array(CaseTiming),
  phases: JudgePhases.nullable(),
  telemetry: Telemetry.nullable(),
});
export type FinishedAttempt = z.infer<typeof FinishedAttempt>;
