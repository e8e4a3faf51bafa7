/** Work of people on hosts. Implemented by src/hostwork; every method throws KilnError, with what to do, before anything has begun. */
import type { Buffer } from 'node:buffer';
import type {
  ExecEvent,
  ExecRequest,
  ExecutionId,
  FileAction,
  FilesQuery,
  JobId,
  JobList,
  JobView,
  LogEvent,
  LogsQuery,
  RunRequest,
  SignalName,
} from '../hosts/work.ts';
import type { HostId } from '../ids.ts';

/** Who asked, for the journal. */
export interface Caller {
  /** The name that access gives them; `operator` where all have one token, or none. */
  readonly name: string;
  /** What they call themselves: nobody has checked it. */
  readonly says: string | null;
  readonly address: string;
}

/** On whose behalf, and until when: aborted, what it does on the host ends too. */
export interface Asking {
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

export interface HostWork {
  /** The command ends when the iteration does. */
  exec(host: HostId, request: ExecRequest, asking: Asking): AsyncIterable<ExecEvent>;
  /** One piece of its input, in order; `end`: the last. Throws NOT_FOUND where it has ended. */
  input(execution: ExecutionId, bytes: Buffer, options: { readonly end: boolean }): Promise<void>;
  /** To its process group. */
  signal(execution: ExecutionId, name: SignalName): void;
  run(host: HostId, request: RunRequest, asking: Asking): Promise<JobView>;
  jobs(host: HostId, signal: AbortSignal): Promise<JobList>;
  job(host: HostId, id: JobId, options: { readonly waitMs: number; readonly signal: AbortSignal }): Promise<JobView>;
  logs(host: HostId, id: JobId, query: LogsQuery, signal: AbortSignal): AsyncIterable<LogEvent>;
  /** Resolves when it has ended. */
  stop(host: HostId, id: JobId, asking: Asking): Promise<JobView>;
  /** `body`: frames for the host; the answer is frames of the host (src/domain/hosts/work-frames.ts). What it refuses is thrown. */
  files(
    host: HostId,
    request: FilesQuery & { readonly action: FileAction; readonly body: AsyncIterable<Uint8Array> },
    asking: Asking,
  ): Promise<AsyncIterable<Uint8Array>>;
}
