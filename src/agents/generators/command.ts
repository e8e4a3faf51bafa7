/**
 * Anybody's own agent: a program that reads the context as JSON on standard input and writes one candidate to standard output, as a Draft in
 * JSON or as a bare source file that begins with its plan. It runs without a shell, in a process group of its own.
 */
import { spawn } from 'node:child_process';
import { NO_USAGE } from '../../domain/campaign.ts';
import type { GenerationContext } from '../../domain/generation-context.ts';
import type { Answer, Generator } from '../generator.ts';
import { readDraft } from './read-draft.ts';

export interface CommandSettings {
  readonly name: string;
  /** Program and arguments. From kiln.yaml alone: whoever may set it may run anything as the daemon's user. */
  readonly argv: readonly [string, ...string[]];
  readonly timeoutMs: number;
  /** Left out: the daemon's own. */
  readonly env?: NodeJS.ProcessEnv;
}

const STDOUT_BYTES_MAX = 1024 * 1024;
const STDERR_CHARS_MAX = 2000;

export const createCommand = (settings: CommandSettings): Generator => ({
  name: settings.name,
  kind: 'command',
  unavailable: null,
  reserveMicros: () => 0,
  next: async (context, signal) => {
    const end = signal.aborted ? STOPPED : await runProgram(settings, context, signal);
    const answer = end.failure === null ? readDraft(end.stdout, context.languages) : end;
    if (answer.failure === null) return { ok: true, draft: answer.draft, usage: NO_USAGE };
    return { ok: false, failure: answer.failure, message: `${settings.argv[0]}: ${answer.message}`, usage: NO_USAGE };
  },
});

type Failure = Extract<Answer, { ok: false }>['failure'];
type End = { readonly failure: null; readonly stdout: string } | { readonly failure: Failure; readonly message: string };

const STOPPED: End = { failure: 'stopped', message: 'the campaign stopped it' };

const runProgram = async (settings: CommandSettings, context: GenerationContext, signal: AbortSignal): Promise<End> => {
  const [program, ...args] = settings.argv;
  const child = spawn(program, args, { stdio: 'pipe', detached: true, ...(settings.env ? { env: settings.env } : {}) });
  const { promise, resolve } = Promise.withResolvers<End>();
  const chunks: Buffer[] = [];
  let [bytes, log] = [0, ''];
  /** The first cause counts. The whole group goes, so that what the program started goes too. */
  const finish = (end: End): void => {
    if (child.pid !== undefined) killGroup(child.pid);
    resolve(end);
  };
  const onAbort = (): void => finish(STOPPED);
  const limit = setTimeout(
    () => finish({ failure: 'timed_out', message: `no answer within ${settings.timeoutMs} ms` }),
    settings.timeoutMs,
  );
  signal.addEventListener('abort', onAbort, { once: true });
  child.on('error', (error) => finish({ failure: 'unavailable', message: `cannot be started: ${error.message}` }));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-STDERR_CHARS_MAX)));
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > STDOUT_BYTES_MAX) finish({ failure: 'malformed', message: `it wrote more than ${STDOUT_BYTES_MAX} bytes` });
    else chunks.push(chunk);
  });
  child.on('close', (code, killed) => {
    if (code === 0) finish({ failure: null, stdout: Buffer.concat(chunks).toString('utf8') });
    else
      finish({
        failure: 'unavailable',
        message: `it ended with ${killed ?? `code ${code}`}${log === '' ? '' : `: ${log.trim()}`}`,
      });
  });
  // A program may answer without reading all it is told.
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${JSON.stringify(context)}\n`);
  const end = await promise;
  clearTimeout(limit);
  signal.removeEventListener('abort', onAbort);
  return end;
};

/** It may be gone already. */
const killGroup = (pid: number): void => {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};
