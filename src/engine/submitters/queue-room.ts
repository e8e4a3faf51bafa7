/** Whether a submitter may have so many more candidates that are not done. */
import { KilnError } from '../../domain/errors.ts';
import type { NewCandidate } from '../../domain/ports/store-rows.ts';
import { snapshot } from '../../scheduler/scheduler.ts';
import type { SubmittersSlice } from '../state.ts';
import type { SubmitterBook } from './submitter-book.ts';

/** Counted anew after this long; until then what was let in is added. */
const COUNTED_FOR_MS = 1000;
const RETRY_SECONDS_MAX = 600;

/** Throws TOO_MANY_QUEUED, with when there may be room. */
type Counted = Pick<SubmittersSlice, 'monotonicMs' | 'core'> & { readonly store: Pick<SubmittersSlice['store'], 'backlog'> };

export const createQueueRoom = (state: Counted, { limitsOf }: Pick<SubmitterBook, 'limitsOf'>) => {
  const counted = new Map<string, { size: number; readonly atMs: number }>();

  const countOf = async (submitter: string): Promise<{ size: number }> => {
    const known = counted.get(submitter);
    if (known && state.monotonicMs() - known.atMs <= COUNTED_FOR_MS) return known;
    const rows = (await state.store.backlog()).rows.filter((row) => row.submitter === submitter);
    const fresh = { size: rows.reduce((sum, { count }) => sum + count, 0), atMs: state.monotonicMs() };
    counted.set(submitter, fresh);
    return fresh;
  };

  return async (batch: readonly NewCandidate[]): Promise<void> => {
    for (const [submitter, own] of Map.groupBy(batch, ({ submission }) => submission.submitter)) {
      const { queuedMax } = limitsOf(submitter);
      if (queuedMax === null) continue;
      const count = await countOf(submitter);
      if (count.size + own.length > queuedMax) {
        const retrySeconds = secondsFor(state, own, count.size + own.length - queuedMax);
        throw new KilnError(
          'TOO_MANY_QUEUED',
          `${submitter} has ${count.size} candidates that are not done, and may have ${queuedMax}: ${own.length} more do not fit. Submit again in ${retrySeconds} s, or fewer at once`,
          { details: { submitter, unfinished: count.size, queuedMax, retrySeconds } },
        );
      }
      count.size += own.length;
    }
  };
};

/** Until so many are judged, at the pace of their class. */
const secondsFor = ({ core }: Counted, batch: readonly NewCandidate[], excess: number): number => {
  const classes = new Set(batch.map(({ submission }) => submission.content.device));
  const each = snapshot(core).byDevice.flatMap(({ device, etaMs, waiting, running }) =>
    classes.has(device) && etaMs !== null && waiting + running > 0 ? [etaMs / (waiting + running)] : [],
  );
  const ms = each.length === 0 ? RETRY_SECONDS_MAX * 1000 : excess * Math.max(...each);
  return Math.min(RETRY_SECONDS_MAX, Math.max(1, Math.ceil(ms / 1000)));
};
