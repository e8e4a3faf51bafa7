/** `--timeout` of every command that waits. */
import type { Command } from 'commander';
import { seconds } from '../domain/text/units.ts';
import { duration } from './input/duration.ts';

export interface TimeoutOption {
  /** Milliseconds. */
  readonly timeout?: number;
}

/** What was waited for goes on; nothing failed. Ends the process with an exit status of its own. */
export class WaitTimedOut extends Error {}

export const withTimeout = (command: Command): Command =>
  command.option(
    '--timeout <duration>',
    'wait no longer than this, such as 30s, 5m or 1h30m; then exits with 4, and all goes on',
    duration,
  );

/** `work` gets a signal that aborts at the end of the time. `goOn` says how to come back to it. Throws WaitTimedOut. */
export const within = async <T>(
  { timeout }: TimeoutOption,
  goOn: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const ended = new AbortController();
  if (timeout === undefined) return work(ended.signal);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    ended.abort();
    late.reject(new WaitTimedOut(`not done after ${seconds(timeout / 1000)}, and goes on: ${goOn}`));
  }, timeout);
  try {
    return await Promise.race([work(ended.signal), late.promise]);
  } finally {
    clearTimeout(timer);
  }
};
