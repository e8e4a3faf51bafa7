import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startJournalUpkeep } from '../../../src/store/journal-upkeep.ts';

const DAY_MS = 86_400_000;
const log = pino({ level: 'silent' });

test('old events are removed page by page, counted in days from now', async () => {
  const asked: { readonly after: number; readonly beforeMs: number }[] = [];
  const done = Promise.withResolvers<void>();
  const trimJournal = async (page: { readonly after: number; readonly beforeMs: number }) => {
    asked.push(page);
    if (page.after === 20) done.resolve();
    return Promise.resolve({ removed: 10, next: page.after < 20 ? page.after + 10 : null });
  };
  const upkeep = startJournalUpkeep({ store: { trimJournal }, keepDays: 2, now: () => 10 * DAY_MS, log });
  await done.promise;
  await upkeep.stop();
  expect(asked).toEqual([0, 10, 20].map((after) => ({ after, beforeMs: 8 * DAY_MS })));
});

test('stopping ends a long removal after the page at hand', async () => {
  const begun = Promise.withResolvers<void>();
  const trimJournal = async ({ after }: { readonly after: number }) => {
    begun.resolve();
    return Promise.resolve({ removed: 1, next: after + 1 });
  };
  const upkeep = startJournalUpkeep({ store: { trimJournal }, keepDays: 1, now: () => 0, log });
  await begun.promise;
  await expect(upkeep.stop()).resolves.toBeUndefined();
});

test('a journal that is kept for ever is not touched', async () => {
  const asked: number[] = [];
  const trimJournal = async ({ after }: { readonly after: number }) => {
    asked.push(after);
    return Promise.resolve({ removed: 0, next: null });
  };
  await startJournalUpkeep({ store: { trimJournal }, keepDays: null, now: () => 0, log }).stop();
  expect(asked).toEqual([]);
});
