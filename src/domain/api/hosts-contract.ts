/** Work of people on hosts: commands, jobs, files. All of it is for operators, and in the journal with who did it. */
import { BookHost, HostBookings, UnbookHost } from '../hosts/booking.ts';
import { HoldHost, HostHolds, ReleaseHost } from '../hosts/hold.ts';
import { z } from 'zod';
import {
  ExecRequest,
  ExecutionId,
  FRAMES_TYPE,
  FilesQuery,
  JobId,
  JobList,
  JobView,
  LogsQuery,
  RunRequest,
  SignalRequest,
} from '../hosts/work.ts';
import { HostId } from '../ids.ts';
import { FAILURES } from './errors.ts';
import { WAIT_SECONDS_MAX } from './limits.ts';

const stream = (contentType: string) => ({ content: { [contentType]: { schema: z.string() } } });
const LINES = stream('application/x-ndjson');
const FRAMES = stream(FRAMES_TYPE);
const HostParams = z.strictObject({ host: HostId });
const JobParams = z.strictObject({ host: HostId, job: JobId });
const ExecutionParams = z.strictObject({ execution: ExecutionId });
const Done = z.strictObject({ ok: z.literal(true) });

const files = (action: string, operationId: string, summary: string) =>
  ({
    method: 'POST',
    url: `/v1/hosts/:host/files/${action}`,
    schema: {
      operationId,
      tags: ['hosts'],
      summary: `${summary} Frames both ways: docs/hosts.md`,
      params: HostParams,
      querystring: FilesQuery,
      consumes: [FRAMES_TYPE],
      response: { 200: FRAMES, ...FAILURES },
    },
  }) as const;

export const hostsContract = {
  exec: {
    method: 'POST',
    url: '/v1/hosts/:host/exec',
    schema: {
      operationId: 'execOnHost',
      tags: ['hosts'],
      summary:
        'Runs a command on a host while the answer is read: one JSON document a line, output in base64, stdout and stderr apart. It ends with the connection',
      params: HostParams,
      body: ExecRequest,
      response: { 200: LINES, ...FAILURES },
    },
  },
  input: {
    method: 'POST',
    url: '/v1/executions/:execution/input',
    schema: {
      operationId: 'sendInput',
      tags: ['hosts'],
      summary: 'Bytes for the standard input of a command, in order; `end`: the last of them',
      params: ExecutionParams,
      querystring: z.strictObject({ end: z.stringbool().default(false) }),
      consumes: [FRAMES_TYPE],
      response: { 200: Done, ...FAILURES },
    },
  },
  signal: {
    method: 'POST',
    url: '/v1/executions/:execution/signal',
    schema: {
      operationId: 'signalExecution',
      tags: ['hosts'],
      summary: 'Sends a signal to the process group of a command',
      params: ExecutionParams,
      body: SignalRequest,
      response: { 200: Done, ...FAILURES },
    },
  },
  run: {
    method: 'POST',
    url: '/v1/hosts/:host/jobs',
    schema: {
      operationId: 'runJob',
      tags: ['hosts'],
      summary: 'Starts a command that outlives connections and daemons; all of it is kept on the host',
      params: HostParams,
      body: RunRequest,
      response: { 200: JobView, ...FAILURES },
    },
  },
  jobs: {
    method: 'GET',
    url: '/v1/hosts/:host/jobs',
    schema: {
      operationId: 'listJobs',
      tags: ['hosts'],
      summary: 'Jobs of a host, newest first',
      params: HostParams,
      response: { 200: JobList, ...FAILURES },
    },
  },
  job: {
    method: 'GET',
    url: '/v1/hosts/:host/jobs/:job',
    schema: {
      operationId: 'getJob',
      tags: ['hosts'],
      summary: 'One job; `wait` holds the answer until it has ended, at most so many seconds',
      params: JobParams,
      querystring: z.strictObject({ wait: z.coerce.number().min(0).max(WAIT_SECONDS_MAX).default(0) }),
      response: { 200: JobView, ...FAILURES },
    },
  },
  hold: {
    method: 'POST',
    url: '/v1/hosts/:host/hold',
    schema: {
      operationId: 'holdHost',
      tags: ['hosts'],
      summary:
        'Keeps new work from a host, or from one device; what runs is finished, what waits there goes elsewhere. Kept over restarts',
      params: HostParams,
      body: HoldHost,
      response: { 200: HostHolds, ...FAILURES },
    },
  },
  release: {
    method: 'POST',
    url: '/v1/hosts/:host/release',
    schema: {
      operationId: 'releaseHost',
      tags: ['hosts'],
      summary: 'A host, or one device, takes work again; a whole host also where canaries quarantined it',
      params: HostParams,
      body: ReleaseHost,
      response: { 200: HostHolds, ...FAILURES },
    },
  },
  book: {
    method: 'POST',
    url: '/v1/hosts/:host/book',
    schema: {
      operationId: 'bookHost',
      tags: ['hosts'],
      summary:
        "Gives a host, or one device, to one submitter's candidates alone, for a time; what runs is finished, what waits there goes elsewhere. Kept over restarts",
      params: HostParams,
      body: BookHost,
      response: { 200: HostBookings, ...FAILURES },
    },
  },
  unbook: {
    method: 'POST',
    url: '/v1/hosts/:host/unbook',
    schema: {
      operationId: 'unbookHost',
      tags: ['hosts'],
      summary: 'Ends a booking before its time; without a device, all of the host',
      params: HostParams,
      body: UnbookHost,
      response: { 200: HostBookings, ...FAILURES },
    },
  },
  logs: {
    method: 'GET',
    url: '/v1/hosts/:host/jobs/:job/logs',
    schema: {
      operationId: 'getJobLogs',
      tags: ['hosts'],
      summary: 'What a job wrote: one JSON document a line, output in base64; with `follow` until it has ended',
      params: JobParams,
      querystring: LogsQuery,
      response: { 200: LINES, ...FAILURES },
    },
  },
  stop: {
    method: 'POST',
    url: '/v1/hosts/:host/jobs/:job/stop',
    schema: {
      operationId: 'stopJob',
      tags: ['hosts'],
      summary: 'Ends a job: SIGTERM, and SIGKILL after 10 s. Answers when nothing of it is left',
      params: JobParams,
      response: { 200: JobView, ...FAILURES },
    },
  },
  list: files('list', 'listFiles', 'What is in a folder of a host.'),
  state: files('state', 'getFileStates', 'Hashes of the files that are asked for, as far as they are there.'),
  read: files('read', 'readFiles', 'The content of files, or of pieces of them.'),
  write: files('write', 'writeFiles', 'Writes into a folder, which nothing leaves.'),
} as const;
