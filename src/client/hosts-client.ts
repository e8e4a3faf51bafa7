/** Work on hosts: commands, jobs, files. Every method throws KilnError. */
import type { Buffer } from 'node:buffer';
import type { z } from 'zod';
import { hostsContract } from '../domain/api/hosts-contract.ts';
import { errorOfHost } from '../domain/errors.ts';
import {
  ExecEvent,
  type ExecRequest,
  type FileAction,
  type JobList,
  type JobView,
  LogEvent,
  type RunRequest,
  type SignalName,
} from '../domain/hosts/work.ts';
import { jsonLines } from '../platform/json-lines.ts';
import { errorOfAnswer } from './errors.ts';
import { exchange, reached } from './exchange.ts';
import { type Call, type Connection, createJson, type Endpoint, never, request } from './http.ts';

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
  /** One after another. */
  readonly frames: readonly Buffer[];
  readonly signal: AbortSignal;
}

export const createHostsClient = (connection: Connection): HostsClient => {
  const json = createJson(connection);
  return {
    exec: (host, body, { signal = never() } = {}) =>
      events(connection, hostsContract.exec, { schema: ExecEvent, call: { params: { host }, body, signal } }),
    sendInput: async (execution, bytes, { end = false } = {}) => {
      await json(hostsContract.input, { params: { execution }, query: { end: String(end) }, bytes });
    },
    signal: async (execution, signal) => {
      await json(hostsContract.signal, { params: { execution }, body: { signal } });
    },
    run: (host, body) => json(hostsContract.run, { params: { host }, body }),
    jobs: (host) => json(hostsContract.jobs, { params: { host } }),
    job: (host, job, { waitSeconds = 0 } = {}) =>
      json(hostsContract.job, { params: { host, job }, query: { wait: waitSeconds || undefined }, waitMs: waitSeconds * 1000 }),
    logs: (host, job, { follow = false, tail, signal = never() } = {}) => {
      const call = { params: { host, job }, query: { follow: String(follow), tail }, signal };
      return events(connection, hostsContract.logs, { schema: LogEvent, call });
    },
    stop: (host, job) => json(hostsContract.stop, { params: { host, job } }),
    files: async (host, action, { path, transfer, frames, signal }) =>
      exchange(connection, hostsContract[action], { params: { host }, query: { path, transfer }, frames, signal }),
  };
};

interface Stream<Schema extends z.ZodType> {
  readonly schema: Schema;
  readonly call: Call;
}

async function* events<Schema extends z.ZodType<{ event: string }>>(
  connection: Connection,
  endpoint: Endpoint,
  { schema, call }: Stream<Schema>,
): AsyncGenerator<z.output<Schema>> {
  const ended = new AbortController();
  try {
    const signal = AbortSignal.any([call.signal, ended.signal]);
    const response = await request(connection, endpoint, { ...call, signal });
    for await (const line of jsonLines(await bodyOf(connection, response))) {
      const event = schema.parse(line);
      if (event.event === 'alive') continue;
      if (isError(event)) throw errorOfHost(event);
      yield event;
    }
  } finally {
    // Whoever stops reading wants nothing more of it.
    ended.abort();
  }
}

const isError = (event: object): event is { readonly code: string; readonly message: string } =>
  'event' in event && event.event === 'error';

const bodyOf = async (connection: Connection, response: Response): Promise<AsyncIterable<Uint8Array>> => {
  if (!response.ok) throw errorOfAnswer(response.status, await response.text());
  return response.body === null ? none() : reached(connection, response.body);
};

async function* none(): AsyncGenerator<Uint8Array> {
  // An answer without a body has no frames.
}
