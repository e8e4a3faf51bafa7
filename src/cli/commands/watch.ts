import type { Command } from 'commander';
import type { JournalEvent } from '../../domain/journal.ts';
import { contextOf, print, printJsonLine } from '../context.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { type TimeoutOption, within, withTimeout } from '../within.ts';

export const addWatch = (program: Command): void => {
  const watch = program
    .command('watch')
    .description('events as they happen: of a candidate until it is done, or of everything until interrupted')
    .argument('[id]')
    .option('--after <sequence>', 'start after this event', wholeNumber(0, Number.MAX_SAFE_INTEGER));
  withTimeout(watch).action(
    async (id: string | undefined, { after, ...options }: TimeoutOption & { readonly after?: number }) => {
      const { client, json } = await contextOf(program);
      await within(options, id === undefined ? 'kiln watch' : `kiln watch ${id}`, async (signal) => {
        const from = { signal, ...(after === undefined ? {} : { after }) };
        const events = id === undefined ? client.events(from) : client.candidateEvents(id, from);
        for await (const event of events) {
          if (json) printJsonLine(event);
          else print(eventText(event));
        }
      });
    },
  );
};

export const eventText = ({ at, type, candidateId, hostId, data }: JournalEvent): string => {
  const facts = Object.entries(data).map(([key, value]) => `${key}=${factText(value)}`);
  return plainLine([at.slice(11, 23), type, candidateId, hostId, ...facts].filter((part) => part !== null).join('  '), 400);
};

const factText = (value: unknown): string => {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && !Number.isInteger(value) ? value.toPrecision(4) : JSON.stringify(value);
};
