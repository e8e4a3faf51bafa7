/**
 * Runs somebody's program once: input in, output out, within limits. It may flood its pipes, leave children behind or never end: what it
 * started is ended with it, and nothing of it stays open here.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { GenerationFailure } from '../../domain/campaign/campaign.ts';
import { killGroup } from '../../platform/process-group.ts';
import { endMarked } from './end-processes.ts';

export interface Program {
  /** Program and arguments, started without a shell. */
  readonly argv: readonly [string, ...string[]];
  readonly timeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
}

export type ProgramEnd =
  | { readonly failure: null; readonly stdout: string }
  | { readonly failure: GenerationFailure; readonly message: string };

export const STOPPED: ProgramEnd = { failure: 'stopped', message: 'the campaign stopped it' };

const STDOUT_BYTES_MAX = 1024 * 1024;
const STDERR_BYTES_MAX = 16 * 1024 * 1024;
/** Of the end of standard error, for the message of a failure. */
const STDERR_CHARS_KEPT = 2000;
/** What is left in the pipes of a program that has ended is read within this time: somebody who got away may hold them open. */
const DRAIN_MS = 1000;
/** In the environment of the program and of everything that it starts. */
const MARK = 'KILN_AGENT_RUN';

/** Never rejects. */
export const runProgram = async (program: Program, input: string, signal: AbortSignal): Promise<ProgramEnd> => {
  const mark = randomUUID();
  const child = start(program, { ...program.env, [MARK]: mark });
  if ('failure' in child) return child;
  if (child.pid === undefined) return notStarted(await once(child, 'error').then(([error]) => error as unknown));
  const end = await endOf(child, { program, input, signal });
  killGroup(child.pid);
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  await endMarked(`${MARK}=${mark}`);
  return end;
};

const start = ({ argv: [name, ...args] }: Program, env: NodeJS.ProcessEnv): ChildProcessWithoutNullStreams | ProgramEnd => {
  try {
    return spawn(name, args, { stdio: 'pipe', detached: true, env });
  } catch (error) {
    return notStarted(error);
  }
};

const notStarted = (error: unknown): ProgramEnd => ({
  failure: 'unavailable',
  message: `cannot be started: ${error instanceof Error ? error.message : String(error)}`,
});

interface Running {
  readonly program: Program;
  readonly input: string;
  readonly signal: AbortSignal;
}

/** The first cause counts. */
const endOf = async (child: ChildProcessWithoutNullStreams, { program, input, signal }: Running): Promise<ProgramEnd> => {
  const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
  const { timeoutMs } = program;
  const onAbort = (): void => resolve(STOPPED);
  const limit = setTimeout(() => resolve({ failure: 'timed_out', message: `no answer within ${timeoutMs} ms` }), timeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const drained = watch(child, resolve);
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', ignored);
  // A program may answer without reading all it is told.
  child.stdin.end(input);
  const end = await promise;
  clearTimeout(limit);
  clearTimeout(drained.timer);
  signal.removeEventListener('abort', onAbort);
  return end;
};

/** Whoever closed a pipe has its reasons; what came of it is told by the exit. */
const ignored = (): void => undefined;

const watch = (child: ChildProcessWithoutNullStreams, resolve: (end: ProgramEnd) => void): { timer?: NodeJS.Timeout } => {
  const drain: { timer?: NodeJS.Timeout } = {};
  const chunks: Buffer[] = [];
  let [bytes, logBytes, log] = [0, 0, ''];
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > STDOUT_BYTES_MAX) resolve({ failure: 'malformed', message: `it wrote more than ${STDOUT_BYTES_MAX} bytes` });
    else chunks.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    logBytes += chunk.length;
    log = (log + chunk.toString('utf8')).slice(-STDERR_CHARS_KEPT);
    if (logBytes > STDERR_BYTES_MAX)
      resolve({ failure: 'malformed', message: `it wrote more than ${STDERR_BYTES_MAX} bytes to standard error: ${log.trim()}` });
  });
  const finish = (code: number | null, killed: NodeJS.Signals | null): void => {
    const why = `it ended with ${killed ?? `code ${code}`}${log === '' ? '' : `: ${log.trim()}`}`;
    resolve(
      code === 0 ? { failure: null, stdout: Buffer.concat(chunks).toString('utf8') } : { failure: 'unavailable', message: why },
    );
  };
  child.on('error', (error) => resolve(notStarted(error)));
  child.on('exit', (code, killed) => {
    // Its children hold its pipes open as long as they live.
    if (child.pid !== undefined) killGroup(child.pid);
    drain.timer = setTimeout(() => finish(code, killed), DRAIN_MS);
  });
  child.on('close', finish);
  return drain;
};
