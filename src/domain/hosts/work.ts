/** What people do on hosts through a daemon: commands, jobs, files. The bodies and answers of the API. */
import { z } from 'zod';
import { DeviceId } from '../ids.ts';
import { PlainText } from '../plain-text.ts';

export const ARGUMENTS_MAX = 4096;
const VARIABLES_MAX = 1024;
/** Timers of Node take no more. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
/** One piece of input for a command. */
export const INPUT_BYTES_MAX = 1024 * 1024;
/** One request of a transfer: it passes through, and what came of it stays should it break off. The time for a request ends it long before on a slow line. */
export const WRITE_BYTES_MAX = 2 * 1024 ** 3;

const withoutNul = z.string().refine((text) => !text.includes('\0'), 'must not hold NUL');
export const FolderPath = withoutNul.min(1).max(4000);

export const JobId = z.string().regex(/^j-[0-9a-f]{12}$/, 'a job id is "j-" and 12 hex digits');
export type JobId = z.infer<typeof JobId>;

export const ExecutionId = z.string().regex(/^x-[0-9a-f]{32}$/, 'an execution id is "x-" and 32 hex digits');
export type ExecutionId = z.infer<typeof ExecutionId>;

/** `any`: one that is free; `all`; or by index among the host's GPUs, or by UUID. */
export const DeviceWish = z.union([
  z.enum(['any', 'all']),
  z
    .array(z.union([z.int().min(0), DeviceId]))
    .min(1)
    .max(64),
]);
export type DeviceWish = z.infer<typeof DeviceWish>;

const Command = {
  /** Program and arguments; no shell reads them. */
  argv: z.array(withoutNul).min(1).max(ARGUMENTS_MAX),
  /** Relative: below the home of the host's user. Left out: that home. */
  cwd: FolderPath.nullable().default(null),
  env: z
    .array(z.string().regex(/^[A-Za-z_]\w*=[^\0]*$/, 'must be NAME=VALUE'))
    .max(VARIABLES_MAX)
    .default([]),
  timeoutMs: z.number().positive().max(TIMEOUT_MS_MAX).nullable().default(null),
};

export const ExecRequest = z.strictObject({
  ...Command,
  /** Whether input will be sent (POST /v1/executions/:execution/input). */
  stdin: z.boolean().default(false),
  /** Devices that it holds while it runs: no candidate is judged on them. Without any, no GPU is visible to it. */
  devices: DeviceWish.nullable().default(null),
});
export type ExecRequest = z.output<typeof ExecRequest>;

export const RunRequest = z.strictObject({ ...Command, name: PlainText.min(1).max(200).nullable().default(null) });
export type RunRequest = z.output<typeof RunRequest>;

export const SIGNALS = ['INT', 'TERM', 'KILL', 'HUP', 'QUIT', 'USR1', 'USR2'] as const;
export const SignalRequest = z.strictObject({ signal: z.enum(SIGNALS) });
export type SignalName = z.infer<typeof SignalRequest>['signal'];

const Exited = z.strictObject({
  event: z.literal('exited'),
  /** Null where a signal ended it. */
  code: z.int().nullable(),
  signal: z.string().nullable(),
  timedOut: z.boolean(),
});

/** One line of the answer to an exec. The last one is `exited` or `error`. */
export const ExecEvent = z.discriminatedUnion('event', [
  z.strictObject({ event: z.literal('accepted'), execution: ExecutionId, host: z.string() }),
  z.strictObject({ event: z.literal('waiting'), reason: z.string() }),
  z.strictObject({ event: z.literal('started'), pid: z.int(), devices: z.array(DeviceId) }),
  /** Bytes, in base64. */
  z.strictObject({ event: z.literal('stdout'), data: z.string() }),
  z.strictObject({ event: z.literal('stderr'), data: z.string() }),
  Exited,
  z.strictObject({ event: z.literal('error'), code: z.string(), message: z.string() }),
  z.strictObject({ event: z.literal('alive') }),
]);
export type ExecEvent = z.infer<typeof ExecEvent>;

export const JobState = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('running') }),
  z.strictObject({
    status: z.literal('ended'),
    code: z.int().nullable(),
    signal: z.string().nullable(),
    timedOut: z.boolean(),
    /** Somebody asked for its end. */
    stopped: z.boolean(),
    endedAtMs: z.number(),
  }),
  /** Its supervisor was killed, and so many processes of it run on: nobody keeps what they write, or sees how they end. A stop ends them. */
  z.strictObject({ status: z.literal('unwatched'), processes: z.int().positive() }),
  /** Nothing of it runs, and nobody watched its end: the host was restarted, or its supervisor was killed. */
  z.strictObject({ status: z.literal('lost') }),
]);

export const JobView = z.strictObject({
  id: JobId,
  argv: z.array(z.string()),
  cwd: z.string().nullable(),
  env: z.array(z.string()),
  timeoutMs: z.number().nullable(),
  by: z.string(),
  name: z.string().nullable(),
  /** By the host's clock. */
  startedAtMs: z.number(),
  state: JobState,
});
export type JobView = z.infer<typeof JobView>;

export const JobList = z.strictObject({ jobs: z.array(JobView) });
export type JobList = z.infer<typeof JobList>;

export const LogsQuery = z.strictObject({
  /** Until the job has ended. */
  follow: z.stringbool().default(false),
  /** Its last lines, and what comes then. Left out: all that is kept. */
  tail: z.coerce.number().int().min(0).max(1_000_000).optional(),
});
export type LogsQuery = z.output<typeof LogsQuery>;

/** One line of a job's log as it is answered. The last one is `job` or `error`. */
export const LogEvent = z.discriminatedUnion('event', [
  z.strictObject({ event: z.enum(['stdout', 'stderr']), atMs: z.number(), data: z.string() }),
  /** The log is bounded: so many bytes before what follows are gone. */
  z.strictObject({ event: z.literal('dropped'), bytes: z.int() }),
  z.strictObject({ event: z.literal('job'), job: JobView }),
  z.strictObject({ event: z.literal('error'), code: z.string(), message: z.string() }),
  z.strictObject({ event: z.literal('alive') }),
]);
export type LogEvent = z.infer<typeof LogEvent>;

/** Of requests and answers that are frames. */
export const FRAMES_TYPE = 'application/octet-stream';

export const FILE_ACTIONS = ['list', 'state', 'read', 'write'] as const;
export type FileAction = (typeof FILE_ACTIONS)[number];

export const FilesQuery = z.strictObject({
  /** Folder on the host; relative: below the home of its user. */
  path: FolderPath,
  /** Requests of one transfer name it, so that the journal tells of it once. */
  transfer: z
    .string()
    .regex(/^[0-9a-f]{16}$/, '16 hex digits')
    .optional(),
});
export type FilesQuery = z.output<typeof FilesQuery>;
