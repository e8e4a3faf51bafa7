import type { CandidateId } from '../domain/ids.ts';
import type { RouteDeps } from './route-deps.ts';

interface Wait {
  readonly id: CandidateId;
  /** By `performance.now()`. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

interface Reading<T> {
  readonly read: () => Promise<T>;
  readonly isDone: (answer: T) => boolean;
}

/** What is read of a candidate once it is done, or as it is at the deadline. Each turn follows an event of this candidate. */
export const answerWhenDone = async <T>(
  { feed }: Pick<RouteDeps, 'feed'>,
  { id, deadlineMs, signal }: Wait,
  { read, isDone }: Reading<T>,
): Promise<T> => {
  const follower = await feed.follow();
  try {
    for (;;) {
      const ms = Math.max(0, deadlineMs - performance.now());
      // Before the read: an event written while the answer is read must not be missed.
      const changed = follower.changed(id, { ms, signal });
      const answer = await read();
      if (isDone(answer) || ms === 0 || signal.aborted) return answer;
      await changed;
    }
  } finally {
    follower.unfollow();
  }
};
