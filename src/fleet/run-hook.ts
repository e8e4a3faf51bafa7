/** One program that a change of state runs: without a shell, in a process group of its own, and always ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { abandon, signalGroup } from '../platform/process-group.ts';

/** Of what it says, each of its two streams. */
const OUTPUT_CHARS_MAX = 64 * 1024;

export interface Hook {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** It is ended after this time. */
  readonly limitMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  /** Aborted: it is ended. The reason says why, in words. */
  readonly signal: AbortSignal;
}

export interface HookEnd {
  /** Null: it ended by itself, with code 0. */
  readonly failure: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never rejects. */
export const runHook = async (hook: Hook): Promise<HookEnd> => {
  try {
    return await run(hook);
  } catch (error) {
    return { failure: `it cannot be run: ${error instanceof Error ? error.message : String(error)}`, stdout: '', stderr: '' };
  }
};

const run = async ({ command, env, limitMs, graceMs, signal }: Hook): Promise<HookEnd> => {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: keep(child.stdout), stderr: keep(child.stderr) };
  const timers: NodeJS.Timeout[] = [];
  const cut: { why?: string } = {};
  const end = (reason: string): void => {
    if (cut.why !== undefined) return;
    cut.why = reason;
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGTERM');
    timers.push(setTimeout(() => abandon(child), graceMs));
  };
  timers.push(setTimeout(() => end(`it did not end within ${limitMs / 1000} s`), limitMs));
  const onAbort = (): void => end(String(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const failure = await endOf(child);
  timers.forEach((timer) => clearTimeout(timer));
  signal.removeEventListener('abort', onAbort);
  return { failure: cut.why ?? failure, stdout: said.stdout(), stderr: said.stderr() };
};

/** Why it failed; null where it did not. */
const endOf = async (child: ChildProcess): Promise<string | null> => {
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  child.once('error', reject);
  child.once('close', (code, killed) => resolve(code === 0 ? null : `it ended with ${killed ?? `code ${code}`}`));
  return promise;
};

const keep = (stream: NodeJS.ReadableStream): (() => string) => {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(0, OUTPUT_CHARS_MAX);
  });
  return () => text;
};
