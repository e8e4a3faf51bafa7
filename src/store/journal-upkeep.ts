/** Keeps the journal from growing for ever: once an hour, a page at a time, so that nobody waits long for the store. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Store } from '../domain/ports/store.ts';

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;

export interface JournalUpkeepDeps {
  readonly store: Pick<Store, 'trimJournal'>;
  /** Null: events are kept for ever. */
  readonly keepDays: number | null;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export interface JournalUpkeep {
  /** Idempotent; ends after the page at hand. */
  stop(): Promise<void>;
}

/** Trims at once and then every hour. */
export const startJournalUpkeep = (deps: JournalUpkeepDeps): JournalUpkeep => {
  const { keepDays, log } = deps;
  if (keepDays === null) return { stop: async () => Promise.resolve() };
  const abort = new AbortController();
  const run = async (): Promise<void> => {
    try {
      const removed = await trimOnce(deps, keepDays, abort.signal);
      if (removed > 0) log.info({ removed, keepDays }, 'removed old events from the journal');
    } catch (error) {
      log.warn({ err: error }, 'old events could not be removed from the journal; it will be tried again in an hour');
    }
  };
  let running = run();
  const timer = setInterval(() => {
    running = running.then(run);
  }, EVERY_MS).unref();
  return {
    stop: async () => {
      clearInterval(timer);
      abort.abort();
      await running;
    },
  };
};

/** Each page begins after the last, so that it ends. */
const trimOnce = async ({ store, now }: JournalUpkeepDeps, keepDays: number, signal: AbortSignal): Promise<number> => {
  const beforeMs = now() - keepDays * DAY_MS;
  let removed = 0;
  for (let next: number | null = 0; next !== null && !signal.aborted; ) {
    const page = await store.trimJournal({ after: next, beforeMs });
    removed += page.removed;
    next = page.next;
    await turn();
  }
  return removed;
};
