import type { CandidateId } from '../domain/ids.ts';
import type { CandidateRecord } from '../domain/records.ts';
import type { RouteDeps } from './route-deps.ts';

interface Wait {
  readonly id: CandidateId;
  /** By `performance.now()`. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** The record once it is done, or as it is at the deadline. Each turn follows an event of this candidate. */
export const candidateWhenDone = async (
  { kiln, feed }: Pick<RouteDeps, 'kiln' | 'feed'>,
  { id, deadlineMs, signal }: Wait,
): Promise<CandidateRecord> => {
  const follower = await feed.follow();
  try {
    for (;;) {
      const ms = Math.max(0, deadlineMs - performance.now());
      // Before the read: an event written while the record is read must not be missed.
      const changed = follower.changed(id, { ms, signal });
      const record = await kiln.candidate(id);
      if (record.state.status === 'done' || ms === 0 || signal.aborted) return record;
      await changed;
    }
  } finally {
    follower.unfollow();
  }
};
