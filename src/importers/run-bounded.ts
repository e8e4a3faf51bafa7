/** Runs a program of this machine, bounded in time and in what is kept of its words. What it started is ended with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { KilnError } from '../domain/errors.ts';
import { unlessEnded } from '../platform/clean-up.ts';
import { abandon } from '../platform/process-group.ts';

const LAST_WORDS_CHARS_MAX = 2000;

export interface Bounds {
  readonly limitMs: number;
  /** Of the end of its standard output; 0: nothing of it is read. */
  readonly saidCharsMax: number;
  /** For a person, where it cannot be started. */
  readonly remedy: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Ran {
  /** Null: a signal ended it. */
  readonly exitCode: number | null;
  readonly said: string;
  /** The last line of its standard error; empty where there is none, or where it was ended at its limit. */
  readonly lastWords: string;
  /** "ended with 3", "ended with SIGSEGV", or that it was ended at its limit. */
  readonly ended: string;
}

/** Throws INVALID_REQUEST, with the remedy, where it cannot be started. */
export const runBounded = async ([program, ...args]: readonly [string, ...string[]], bounds: Bounds): Promise<Ran> => {
  const { limitMs, saidCharsMax, remedy, cwd, env } = bounds;
  const child = spawn(program, args, {
    cwd,
    env,
    stdio: ['ignore', saidCharsMax === 0 ? 'ignore' : 'pipe', 'pipe'],
    detached: true,
  });
  const [said, complained] = [endOf(child.stdout, saidCharsMax), endOf(child.stderr, LAST_WORDS_CHARS_MAX)];
  const state = { isLate: false };
  const limit = setTimeout(() => {
    state.isLate = true;
    abandon(child);
  }, limitMs);
  try {
    await unlessEnded(
      () => abandon(child),
      async () => once(child, 'close'),
    );
  } catch (cause) {
    throw new KilnError('INVALID_REQUEST', `${program} cannot be started: ${remedy}`, { cause });
  } finally {
    clearTimeout(limit);
  }
  const { isLate } = state;
  return {
    exitCode: child.exitCode,
    said: said(),
    lastWords: isLate ? '' : (complained().trim().split('\n').at(-1) ?? ''),
    ended: isLate ? `did not end within ${limitMs / 1000} s, and was ended` : `ended with ${child.signalCode ?? child.exitCode}`,
  };
};

const endOf = (stream: NodeJS.ReadableStream | null, charsMax: number): (() => string) => {
  let kept = '';
  stream?.setEncoding('utf8').on('data', (text: string) => (kept = (kept + text).slice(-charsMax)));
  return () => kept;
};
