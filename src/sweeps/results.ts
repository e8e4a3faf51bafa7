/** Results as they come: what is there, or the next, whichever the caller asks for. */
import type { SweepResults, SweepResultsQuery } from '../domain/api/sweeps.ts';
import type { SweepId } from '../domain/ids.ts';
import type { SweepStore } from '../domain/ports/sweeps.ts';
import type { Signal } from '../platform/signal.ts';

interface Wanted {
  readonly id: SweepId;
  readonly query: SweepResultsQuery;
  readonly signal: AbortSignal;
}

interface ResultsDeps {
  readonly store: Pick<SweepStore, 'sweepResults'>;
  /** Something may have changed of this sweep. */
  readonly news: Signal<SweepId>;
  /** More may come. Throws where there is no such sweep. */
  readonly isOpen: () => Promise<boolean>;
}

export const resultsOf = async (
  { id, query: { after, limit, wait }, signal }: Wanted,
  { store, news, isOpen }: ResultsDeps,
): Promise<SweepResults> => {
  const until = AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, wait * 1000))]);
  for (;;) {
    const next = Promise.withResolvers<void>();
    const stops = [news.on((changed) => changed === id && next.resolve()), onAbort(until, next.resolve)];
    try {
      // In this order: what is reported after the first question is found by the second.
      const open = await isOpen();
      const results = await store.sweepResults(id, { after, limit });
      if (results.length > 0 || !open || until.aborted || wait === 0) return { results, more: open || results.length === limit };
      await next.promise;
    } finally {
      for (const stop of stops) stop();
    }
  }
};

const onAbort = (signal: AbortSignal, listener: () => void): (() => void) => {
  signal.addEventListener('abort', listener);
  return () => signal.removeEventListener('abort', listener);
};
