/**
 * The leases that this daemon holds.
 *
 * Invariant: a lease that was handed out is in `held` until it ended, and `renew` keeps its lock; one that should have ended while the
 * backend was away is in `unended` until `retryEnding` has ended it. Leases are taken and put back one call at a time, so that adopting after an outage
 * never takes for lost what another call is about to hand out, and what was put back is taken for held by none; and what changes many rows is done one after the other.
 */
import type { CandidateId } from '../domain/ids.ts';
import type { Lease } from '../domain/ports/queue.ts';
import type { LeasedJob, QueueBackend } from './backend.ts';
import type { Health, QueueLog } from './health.ts';

export interface Leases {
  readonly lease: (count: number) => Promise<readonly Lease[]>;
  readonly adopt: () => Promise<readonly Lease[]>;
  readonly complete: (ids: readonly CandidateId[]) => Promise<void>;
  readonly release: (ids: readonly CandidateId[]) => Promise<void>;
  readonly remove: (ids: readonly CandidateId[]) => Promise<void>;
  /** Renews every lock that is held. Returns how many were lost. */
  readonly renew: () => Promise<number>;
  /** Ends what could not be ended while the backend was away. */
  readonly retryEnding: () => Promise<void>;
  /** Resolves when none of `ids` is still being ended: a job added again before that would be taken for the old one. */
  readonly finishEnding: (ids: readonly CandidateId[]) => Promise<void>;
}

export const createLeases = (backend: QueueBackend, health: Health, log: QueueLog): Leases => {
  const held = new Set<CandidateId>();
  const unended = new Set<CandidateId>();
  const inTurn = createTurns();
  // On Postgres two statements that lock many rows in different orders would deadlock.
  const rowsInTurn = createTurns();
  let isWatching = false;

  const takeAll = (jobs: readonly LeasedJob[]): readonly Lease[] => jobs.map((job) => handOut(job, held, log));
  const forget = (ids: readonly CandidateId[]): void => {
    for (const id of ids) {
      held.delete(id);
      unended.delete(id);
    }
  };
  /** A server that crashed may have lost leases, and gives their jobs again: they are leased anew, and at work all the while. */
  const unheld = (jobs: readonly LeasedJob[]): readonly LeasedJob[] => jobs.filter(({ candidateId }) => !held.has(candidateId));
  const adoptUnknown = async (): Promise<readonly LeasedJob[]> => {
    const adopted = await rowsInTurn(async () => backend.adopt());
    if (!isWatching) await backend.watchStalled();
    isWatching = true;
    return unheld(adopted);
  };
  const leaseMore = async (count: number): Promise<readonly LeasedJob[]> => {
    const found = health.takeDoubt() ? await adoptUnknown() : [];
    return found.length > 0 ? found : leaseUnheld(count);
  };
  const leaseUnheld = async (count: number): Promise<readonly LeasedJob[]> => {
    for (;;) {
      const leased = await backend.lease(count);
      const fresh = unheld(leased);
      if (fresh.length > 0 || leased.length === 0) return fresh;
    }
  };
  const complete = async (ids: readonly CandidateId[]): Promise<void> => {
    for (const id of ids) unended.add(id);
    if (ids.length > 0) await health.attempt('ending leases', async () => rowsInTurn(async () => backend.complete(ids)));
    forget(ids);
  };

  return {
    lease: async (count) =>
      inTurn(async () => takeAll((await health.attemptQuietly('leasing', async () => leaseMore(count))) ?? [])),
    adopt: async () => inTurn(async () => takeAll(await health.attempt('adopting leases', adoptUnknown))),
    complete,
    release: async (ids) =>
      inTurn(async () => {
        if (ids.length > 0) await health.attempt('putting leases back', async () => rowsInTurn(async () => backend.release(ids)));
        forget(ids);
      }),
    remove: async (ids) => {
      const waiting = ids.filter((id) => !held.has(id));
      // BullMQ removes no job under a lock; ending it comes to the same.
      await complete(ids.filter((id) => held.has(id)));
      if (waiting.length > 0)
        await health.attempt('removing from the queue', async () => rowsInTurn(async () => backend.remove(waiting)));
    },
    renew: async () => {
      if (held.size === 0) return 0;
      const lost =
        (await health.attemptQuietly('renewing leases', async () => rowsInTurn(async () => backend.extend([...held])))) ?? [];
      // What ended while the answer was on its way was not lost.
      const missed = lost.filter((id) => held.has(id) && !unended.has(id));
      forget(missed);
      if (missed.length > 0)
        log.warn({ candidateIds: missed }, 'leases were lost: their locks ran out before they could be renewed');
      return missed.length;
    },
    finishEnding: async (ids) => {
      const ending = ids.filter((id) => unended.has(id));
      if (ending.length > 0) await complete(ending);
    },
    retryEnding: async () => {
      const late = [...unended];
      if (late.length > 0) await health.attemptQuietly('ending leases', async () => complete(late));
    },
  };
};

const handOut = ({ deferredFailure, ...lease }: LeasedJob, held: Set<CandidateId>, log: QueueLog): Lease => {
  held.add(lease.candidateId);
  if (deferredFailure !== null) {
    // BullMQ would fail such a job unseen. The store knows whether the candidate has a verdict; if not, it still needs one.
    log.warn({ candidateId: lease.candidateId, deferredFailure }, 'BullMQ gave this job up; it is leased all the same');
  }
  return lease;
};

/** Runs one work after the other. */
const createTurns = (): (<T>(work: () => Promise<T>) => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
};
