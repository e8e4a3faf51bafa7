/** Work on hosts: commands, jobs, files. Every method throws KilnError. */
import type { Buffer } from 'node:buffer';
import type { z } from 'zod';
import { errorOfHost } from '../domain/errors.ts';
import type {
  ExecEvent,
  ExecRequest,
  FileAction,
  JobList,
  JobView,
  LogEvent,
  RunRequest,
  SignalName,
} from '../domain/hosts/work.ts';
import { jsonLines } from '../platform/json-lines.ts';
import { hosts } from './contracts.ts';
import { accepted, type Call, type Connection, createJson, held, never, request } from './http.ts';

type Wish<T> = Partial<Omit<T, 'argv'>> & { readonly argv: readonly string[] };

export interface HostsClient {
  /** Its events as they come; the last is `exited`. The command ends when the iteration, or `signal`, does. */
  exec(host: string, request: Wish<ExecRequest>, options?: { readonly signal?: AbortSignal }): AsyncGenerator<ExecEvent>;
  /** One piece of input, of at most 1 MiB; the next when it is resolved. */
  sendInput(execution: string, bytes: Uint8Array<ArrayBuffer>, options?: { readonly end?: boolean }): Promise<void>;
  signal(execution: string, name: SignalName): Promise<void>;
  run(host: string, request: Wish<RunRequest>): Promise<JobView>;
  jobs(host: string): Promise<JobList>;
  /** With `waitSeconds` (at most 60) the answer comes when it has ended, or then. */
  job(host: string, id: string, options?: { readonly waitSeconds?: number }): Promise<JobView>;
  /** With `follow` until it has ended; the last event is `job`. */
  logs(
    host: string,
    id: string,
    options?: { readonly follow?: boolean; readonly tail?: number | undefined; readonly signal?: AbortSignal },
  ): AsyncGenerator<LogEvent>;
  stop(host: string, id: string): Promise<JobView>;
  /** Frames for a folder of the host; the answer's frames as bytes. */
  files(host: string, action: FileAction, request: FilesCall): Promise<AsyncIterable<Uint8Array>>;
}

export interface FilesCall {
  readonly path: string;
  readonly transfer: string;
  /** One after another. Those that are made as they leave end with the answer, should it come before. */
  readonly frames: readonly Buffer[] | AsyncIterable<Buffer>;
  /** Of frames that are made as they leave: nobody reads these bytes any more. */
  readonly onSent?: (bytes: Uint8Array) => void;
  readonly signal: AbortSignal;
}

export const createHostsClient = (connection: Connection): HostsClient => {
  const json = createJson(connection);
  return {
    exec: (host, body, { signal = never() } = {}) =>
      events(connection, { name: 'exec', schema: execEvent, call: { params: { host }, body, signal } }),
    sendInput: async (execution, bytes, { end = false } = {}) => {
      await json(hosts, 'input', { params: { execution }, query: { end: String(end) }, bytes: [bytes] });
    },
    signal: async (execution, signal) => {
      await json(hosts, 'signal', { params: { execution }, body: { signal } });
    },
    run: (host, body) => json(hosts, 'run', { params: { host }, body }),
    jobs: (host) => json(hosts, 'jobs', { params: { host } }),
    job: (host, job, { waitSeconds = 0 } = {}) => json(hosts, 'job', { params: { host, job }, ...held(waitSeconds) }),
    logs: (host, job, { follow = false, tail, signal = never() } = {}) => {
      const call = { params: { host, job }, query: { follow: String(follow), tail }, signal };
      return events(connection, { name: 'logs', schema: logEvent, call });
    },
    stop: (host, job) => json(hosts, 'stop', { params: { host, job } }),
    files: async (host, action, { path, transfer, signal, frames, onSent }) => {
      const refused = new AbortController();
      const call = {
        params: { host },
        query: { path, transfer },
        bytes: frames,
        ...(onSent && { onSent }),
        ownConnection: true,
        signal: AbortSignal.any([signal, refused.signal]),
      } as const;
      try {
        return (await accepted(await request(connection, (await hosts())[action], call))).bytes;
      } catch (error) {
        // Nothing more of it is sent.
        refused.abort();
        throw error;
      }
    },
  };
};

interface Stream<Schema extends z.ZodType> {
  readonly name: 'exec' | 'logs';
  readonly schema: () => Promise<Schema>;
  readonly call: Call;
}

async function* events<Schema extends z.ZodType<{ event: string }>>(
  connection: Connection,
  { name, schema, call }: Stream<Schema>,
): AsyncGenerator<z.output<Schema>> {
  const ended = new AbortController();
  try {
    const signal = AbortSignal.any([call.signal, ended.signal]);
    const [contract, event] = await Promise.all([hosts(), schema()]);
    const { bytes } = await accepted(await request(connection, contract[name], { ...call, signal }));
    for await (const line of jsonLines(bytes)) {
      const happened = event.parse(line);
      if (happened.event === 'alive') continue;
      if (isError(happened)) throw errorOfHost(happened);
      yield happened;
    }
  } finally {
    // Whoever stops reading wants nothing more of it.
    ended.abort();
  }
}

const isError = (event: object): event is { readonly code: string; readonly message: string } =>
  'event' in event && event.event === 'error';

const execEvent = async () => (await import('../domain/hosts/work.ts')).ExecEvent;
const logEvent = async () => (await import('../domain/hosts/work.ts')).LogEvent;
