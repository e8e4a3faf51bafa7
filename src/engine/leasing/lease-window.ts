/**
 * Keeps as many leased candidates in the scheduler as it wants, and no more.
 *
 * Modes: idle; leasing (one lease at a time; what is announced meanwhile makes it go round again); held (somebody changes what waits: leasing goes on
 * after it); stopped.
 * A queue that gave nothing is asked again when work is announced, not whenever there is room.
 * The queue returns what was submitted first. Whoever would not be seen behind others (`underserved`) is leased before them: from the store it is
 * known how much each submitter has for each class, and which candidates come first.
 * While the store is far behind with what was judged, nothing more is leased: what is judged faster than it can be written would fill memory.
 * Invariant: every leased id is either in the scheduler, ended at the queue (its verdict was known), or put back.
 */
import type { CandidateId } from '../../domain/ids.ts';
import { underserved, wanted } from '../../scheduler/scheduler.ts';
import type { LeasingSlice } from '../state.ts';
import { admit } from './admission.ts';
import { createAlone } from './alone.ts';

const LEASE_BATCH_MAX = 500;
/** Entries of the write-behind; a candidate that is judged makes a handful. */
export const UNWRITTEN_MAX = 5000;
/** How often it is looked who is missing, at the most; */
const LOOK_EVERY_MS = 250;
/** after a look that took long (tens of thousands of submitters) so many times as long, and at the least. */
const LOOK_SHARE = 4;
const LOOK_EVERY_MS_MAX = 2_000;
/** Work that nobody announced (a lost notification, a job that came back to the queue) is found after this long. */
const SAFETY_POLL_MS = 1000;

export interface LeaseWindow {
  /** New work may be in the queue. */
  readonly onWork: () => void;
  /** The scheduler may want more. */
  onRoom(): void;
  /** Runs the work while nothing is leased or admitted, one work after another: what a lease reads of the store stays true until it is admitted. */
  readonly alone: (work: () => Promise<void>) => Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export const createLeaseWindow = (state: LeasingSlice): LeaseWindow => {
  /** What was submitted before that may have been leased and sent before a crash that lost both. */
  const createdMs = state.now();
  let running: Promise<void> | null = null;
  let isAskedAgain = false;
  let mayHoldMore = true;
  let isStopped = true;
  let timer: NodeJS.Timeout | null = null;
  let nextLookMs = 0;
  /** Leased, and not admitted yet: while the store cannot say what they are they stay here. */
  let unadmitted: CandidateId[] = [];

  const fill = async (): Promise<void> => {
    do {
      isAskedAgain = false;
      if (isStopped || state.writeBehind.writeFailure() || state.writeBehind.unwritten() > UNWRITTEN_MAX) return;
      await admitLeased();
      const count = Math.min(wanted(state.core), LEASE_BATCH_MAX);
      if (count === 0) {
        // As long as there is room, all that waits will be seen.
        if (!mayHoldMore || state.monotonicMs() < nextLookMs) return;
        await look();
        continue;
      }
      // Before the question: what is announced while it is asked must be asked for again.
      mayHoldMore = false;
      const leased = await lease(count);
      if (leased > 0) mayHoldMore = true;
      if (leased === count) isAskedAgain = true;
    } while (isAskedAgain && !alone.isWanted());
  };

  const look = async (): Promise<void> => {
    const startedMs = state.monotonicMs();
    try {
      await lease(await promoteUnderserved(state));
    } finally {
      const pauseMs = LOOK_SHARE * (state.monotonicMs() - startedMs);
      nextLookMs = state.monotonicMs() + Math.min(LOOK_EVERY_MS_MAX, Math.max(LOOK_EVERY_MS, pauseMs));
    }
  };

  const lease = async (count: number): Promise<number> => {
    const leases = await state.queue.lease(count);
    unadmitted.push(...leases.map(({ candidateId }) => candidateId));
    await admitLeased();
    return leases.length;
  };

  const admitLeased = async (): Promise<void> => {
    await admit(state, unadmitted, ({ state: { status }, submittedAtMs }) => status !== 'queued' || submittedAtMs < createdMs);
    unadmitted = [];
  };

  const wake = (): void => {
    isAskedAgain = true;
    if (running || isStopped || alone.isWanted()) return;
    running = fill()
      .catch((error: unknown) => {
        mayHoldMore = true;
        state.log.error({ err: error }, 'leasing from the queue failed; it will be tried again');
      })
      .finally(() => {
        running = null;
      });
  };

  const onWork = (): void => {
    mayHoldMore = true;
    wake();
  };

  const alone = createAlone({ before: async () => running, after: onWork });

  return {
    onWork,
    alone: alone.run,
    onRoom: () => {
      if (mayHoldMore) wake();
    },
    start: () => {
      isStopped = false;
      timer = setInterval(onWork, SAFETY_POLL_MS);
      onWork();
    },
    stop: async () => {
      isStopped = true;
      if (timer) clearInterval(timer);
      await running;
    },
  };
};

/** Returns how many jobs were put before the others: no more may be leased, or they would be the flood's. */
const promoteUnderserved = async (state: LeasingSlice): Promise<number> => {
  const { rows } = await state.store.backlog();
  const missing = underserved(state.core, rows);
  if (missing.length === 0) return 0;
  // By the store these are not done yet, and they were the first to come.
  const ending = state.writeBehind.ending();
  const first = await state.store.first(
    missing.map(({ device, submitter, held, more }) => ({ device, submitter, limit: held + more + ending.size })),
  );
  const wanting = missing.flatMap(({ more }, index) =>
    (first[index] ?? []).filter((id) => !state.active.has(id) && !ending.has(id)).slice(0, more),
  );
  return wanting.length > 0 ? state.queue.promote(wanting) : 0;
};
