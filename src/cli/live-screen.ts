/** A screen that is redrawn each second until a key or a signal ends it; the terminal is left as it was. */
import { setTimeout as pause } from 'node:timers/promises';
import { retryWhileUnavailable } from './watch-candidates.ts';

const REFRESH_MS = 1000;
/** Some terminals do not tell their size. */
const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;
const HOME_AND_CLEAR = '\u001b[H\u001b[J';
const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';
/** In raw mode Ctrl-C is a character like any other. */
const QUIT_KEYS: readonly string[] = ['q', 'Q', '\u0003'];

export interface Frame {
  readonly text: string;
  /** Nothing will change any more. */
  readonly isLast: boolean;
}

/** Returns the last frame drawn, or null when it was ended before the first. */
export const liveScreen = async (draw: () => Promise<Frame>, until?: AbortSignal): Promise<Frame | null> => {
  const stop = new AbortController();
  // The screen is left at once: whoever ends the wait may end the process.
  until?.addEventListener('abort', () => {
    process.stdout.write(LEAVE_SCREEN);
    stop.abort();
  });
  const release = onQuit(() => stop.abort());
  let shown: Frame | null = null;
  process.stdout.write(ENTER_SCREEN);
  try {
    while (!stop.signal.aborted && shown?.isLast !== true) {
      const frame = await untilStopped(stop.signal, retryWhileUnavailable(draw));
      if (frame !== null) {
        shown = frame;
        process.stdout.write(`${HOME_AND_CLEAR}${fitted(frame.text)}`);
      }
      if (frame?.isLast !== true) await pause(REFRESH_MS, null, { signal: stop.signal }).catch(() => null);
    }
  } finally {
    process.stdout.write(LEAVE_SCREEN);
    release();
  }
  return shown;
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

/** Calls `quit` at a key or a signal. Returns a function that restores the keyboard. */
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
