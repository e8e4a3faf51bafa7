import { spawn } from 'node:child_process';

const CAPTURED_CHARS_MAX = 64 * 1024;

export interface Exit {
  /** Null when a signal ended it or it could not be started. */
  readonly code: number | null;
  /** Its own limit ended it: what to say then, and nothing otherwise. */
  readonly limit: string;
  /** Last part of stdout and stderr together; empty when the output went straight to the terminal. */
  readonly output: string;
}

export interface ProcessOptions {
  readonly show: boolean;
  readonly limitMs: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end. A program that outlives `limitMs` is killed and has no code. */
export const runProcess = (command: readonly [string, ...string[]], options: ProcessOptions): Promise<Exit> =>
  new Promise((resolve) => {
    const [file, ...args] = command;
    const child = spawn(file, args, {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', options.show ? 'inherit' : 'pipe', options.show ? 'inherit' : 'pipe'],
      timeout: options.limitMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-CAPTURED_CHARS_MAX);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('error', (error) => resolve({ code: null, limit: '', output: `${file}: ${error.message}` }));
    child.once('close', (code, signal) => {
      const limit = child.killed
        ? `ended by its limit of ${options.limitMs / 1000} s; on a busy machine it needs more, run it again on a quiet one`
        : '';
      resolve({ code, limit, output: signal === null ? output : `${output}\n${limit || `ended by ${signal}`}` });
    });
  });
