import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import { contextOf, print, printJson } from '../context.ts';
import { topScreen } from '../output/top-screen.ts';
import { patiently } from '../watch-candidates.ts';

const REFRESH_MS = 1000;
/** Some terminals do not tell their size. */
const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;
const HOME_AND_CLEAR = '\u001b[H\u001b[J';
const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';
/** In raw mode Ctrl-C is a character like any other. */
const QUIT_KEYS: readonly string[] = ['q', 'Q', '\u0003'];

export const addTop = (program: Command): void => {
  program
    .command('top')
    .description('live view of devices, queue and rates (q ends it); once, when this is no terminal')
    .action(async () => {
      const { client, json } = contextOf(program);
      if (json) printJson({ fleet: await client.fleet(), queue: await client.queue() });
      else if (process.stdout.isTTY) await live(client);
      else print(await screen(client));
    });
};

const screen = async (client: KilnClient): Promise<string> => {
  const [fleet, queue] = await Promise.all([client.fleet(), client.queue()]);
  return topScreen(fleet, queue);
};

/** Redraws until interrupted; leaves the terminal as it was. */
const live = async (client: KilnClient): Promise<void> => {
  const stop = new AbortController();
  const release = onQuit(() => stop.abort());
  process.stdout.write(ENTER_SCREEN);
  try {
    while (!stop.signal.aborted) {
      const text = await untilStopped(
        stop.signal,
        patiently(() => screen(client)),
      );
      if (text !== null) process.stdout.write(`${HOME_AND_CLEAR}${fitted(text)}`);
      await pause(REFRESH_MS, null, { signal: stop.signal }).catch(() => null);
    }
  } finally {
    process.stdout.write(LEAVE_SCREEN);
    release();
  }
};

/** Null when stopped first: a daemon that does not answer must not hold the terminal. */
const untilStopped = async <T>(signal: AbortSignal, work: Promise<T>): Promise<T | null> => {
  const stopped = Promise.withResolvers<null>();
  const onAbort = (): void => stopped.resolve(null);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
};

/** Calls `quit` at a key or a signal. Returns what gives the keyboard back. */
const onQuit = (quit: () => void): (() => void) => {
  const { stdin } = process;
  const onKeys = (keys: Buffer): void => {
    if (QUIT_KEYS.some((key) => keys.includes(key))) quit();
  };
  process.once('SIGINT', quit).once('SIGTERM', quit);
  if (stdin.isTTY) stdin.setRawMode(true).on('data', onKeys);
  return () => {
    process.off('SIGINT', quit).off('SIGTERM', quit);
    if (stdin.isTTY) stdin.off('data', onKeys).setRawMode(false).pause();
  };
};

/** Longer or wider text would scroll the top away. */
const fitted = (text: string): string => {
  const { rows, columns } = process.stdout;
  return text
    .split('\n')
    .slice(0, (rows || ROWS_DEFAULT) - 1)
    .map((line) => line.slice(0, columns || COLUMNS_DEFAULT))
    .join('\n');
};
