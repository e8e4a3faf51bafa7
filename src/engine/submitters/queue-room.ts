/** Whether a submitter may have so many more candidates that are not done. */
import { KilnError } from '../../domain/errors.ts';
import type { NewCandidate } from '../../domain/ports/store-rows.ts';
import { snapshot } from '../../scheduler/scheduler.ts';
import type { SubmittersSlice } from '../state.ts';
import type { SubmitterBook } from './submitter-book.ts';

/** Counted anew after this long; until then what was let in is added. */
const COUNTED_FOR_MS = 1000;
const RETRY_SECONDS_MAX = 600;

type Counted = Pick<SubmittersSlice, 'monotonicMs' | 'core'> & { readonly store: Pick<SubmittersSlice['store'], 'backlog'> };

/** By submitter. What is let in is added to it. */
type Sizes = Map<string, number>;

/** Throws TOO_MANY_QUEUED, with when there may be room; then nothing of the batch counts. */
export type QueueRoom = (batch: readonly NewCandidate[]) => Promise<void>;

export const createQueueRoom = (state: Counted, { limitsOf }: Pick<SubmitterBook, 'limitsOf'>): QueueRoom => {
  let last: { readonly sizes: Promise<Sizes>; readonly atMs: number } | null = null;

  /** Those who submit while it is counted wait for the same count, and each is added to what it finds. */
  const sizesNow = async (): Promise<Sizes> => {
    if (last && state.monotonicMs() - last.atMs <= COUNTED_FOR_MS) return last.sizes;
    const asked = { sizes: countOf(state), atMs: state.monotonicMs() };
    last = asked;
    return asked.sizes.catch((error: unknown) => {
      if (last === asked) last = null;
      throw error;
    });
  };

  return async (batch) => {
    const limited = [...Map.groupBy(batch, ({ submission }) => submission.submitter)].flatMap(([submitter, own]) => {
      const { queuedMax } = limitsOf(submitter);
      return queuedMax === null ? [] : [{ submitter, own, queuedMax }];
    });
    if (limited.length === 0) return;
    const sizes = await sizesNow();
    for (const { submitter, own, queuedMax } of limited) {
      const unfinished = sizes.get(submitter) ?? 0;
      if (unfinished + own.length <= queuedMax) continue;
      const retrySeconds = secondsFor(state, own, unfinished + own.length - queuedMax);
      throw new KilnError(
        'TOO_MANY_QUEUED',
        `${submitter} has ${unfinished} candidates that are not done, and may have ${queuedMax}: ${own.length} more do not fit. Submit again in ${retrySeconds} s, or fewer at once`,
        { details: { submitter, unfinished, queuedMax, retrySeconds } },
      );
    }
    for (const { submitter, own } of limited) sizes.set(submitter, (sizes.get(submitter) ?? 0) + own.length);
  };
};

const countOf = async ({ store }: Counted): Promise<Sizes> => {
  const sizes: Sizes = new Map();
  for (const { submitter, count } of (await store.backlog()).rows) sizes.set(submitter, (sizes.get(submitter) ?? 0) + count);
  return sizes;
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
