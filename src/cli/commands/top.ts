import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import { contextOf, print, printJson } from '../context.ts';
import { patiently } from '../watch-candidates.ts';
import { fleetText } from './fleet.ts';
import { queueText } from './queue.ts';

const REFRESH_MS = 1000;
/** Some terminals do not tell their size. */
const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;
const HOME_AND_CLEAR = '\u001b[H\u001b[J';
const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';

export const addTop = (program: Command): void => {
  program
    .command('top')
    .description('live view of devices, queue and rates; once, when this is no terminal')
    .action(async () => {
      const { client, json } = contextOf(program);
      if (json) printJson({ fleet: await client.fleet(), queue: await client.queue() });
      else if (process.stdout.isTTY) await live(client);
      else print(await screen(client));
    });
};

const screen = async (client: KilnClient): Promise<string> => {
  const [fleet, queue] = await Promise.all([client.fleet(), client.queue()]);
  return `${queueText(queue)}\n\n${fleetText(fleet)}`;
};

/** Redraws until interrupted; leaves the terminal as it was. */
const live = async (client: KilnClient): Promise<void> => {
  const stop = new AbortController();
  const onSignal = (): void => {
    stop.abort();
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  process.stdout.write(ENTER_SCREEN);
  try {
    while (!stop.signal.aborted) {
      const text = fitted(await patiently(() => screen(client)));
      process.stdout.write(`${HOME_AND_CLEAR}${text}`);
      await pause(REFRESH_MS, null, { signal: stop.signal }).catch(() => null);
    }
  } finally {
    process.stdout.write(LEAVE_SCREEN);
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
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
