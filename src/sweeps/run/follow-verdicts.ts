/**
 * Reads the journal for all sweeps: which candidates have a verdict, and which have lost theirs. While no sweep is open, nothing is read.
 *
 * Modes: created; idle (nobody is interested); following (reads what is new after every write); stopped.
 */
import type { Logger } from 'pino';
import type { CandidateId } from '../../domain/ids.ts';
import type { SweepJudging } from '../../domain/ports/kiln.ts';
import type { JournalEvent } from '../../domain/journal.ts';

const PAGE = 1000;
/** Writes that follow one another closely are read together. */
const READ_AFTER_MS = 20;
const RETRY_MS = 1000;
/** Of the events that a candidate makes, one in five. */
const TYPES = ['candidate.queued_again', 'candidate.done', 'candidate.reopened'] as const;

export interface VerdictNews {
  readonly done: readonly CandidateId[];
  readonly takenBack: readonly CandidateId[];
}

export interface FollowDeps {
  readonly judging: Pick<SweepJudging, 'events' | 'lastSequence' | 'onEvents'>;
  readonly log: Logger;
  readonly isWanted: () => boolean;
  readonly onNews: (news: VerdictNews) => void;
}

export interface VerdictFollower {
  /** From the newest event on. To be called before what was written earlier is looked at. */
  begin(): Promise<void>;
  stop(): void;
}

export const followVerdicts = ({ judging, log, isWanted, onNews }: FollowDeps): VerdictFollower => {
  let after: number | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isReading = false;
  let hasMore = false;
  let unsubscribe: (() => void) | null = null;

  const rest = (): void => {
    unsubscribe?.();
    [unsubscribe, after] = [null, null];
  };
  const readSoon = (delayMs: number): void => {
    hasMore = true;
    if (after === null || timer !== null || isReading) return;
    timer = setTimeout(() => {
      timer = null;
      void read();
    }, delayMs);
  };
  const page = async (from: number): Promise<void> => {
    hasMore = false;
    // Before the question: what it does not find up to there does not come later.
    const newest = await judging.lastSequence();
    const events = await judging.events({ after: from, limit: PAGE, types: TYPES });
    if (after === null) return;
    const isFull = events.length === PAGE;
    const last = events.at(-1)?.sequence ?? from;
    after = isFull ? last : Math.max(last, newest);
    hasMore ||= isFull;
    const news = newsOf(events);
    if (news.done.length + news.takenBack.length > 0) onNews(news);
  };
  const read = async (): Promise<void> => {
    if (after === null) return;
    // Whoever begins again starts from the newest.
    if (!isWanted()) return rest();
    isReading = true;
    let delayMs = 0;
    try {
      await page(after);
    } catch (error) {
      log.warn({ err: error }, 'the journal could not be read for sweeps; it is tried again');
      [delayMs, hasMore] = [RETRY_MS, true];
    }
    isReading = false;
    if (hasMore) readSoon(delayMs);
  };
  return {
    begin: async () => {
      unsubscribe ??= judging.onEvents(() => readSoon(READ_AFTER_MS));
      if (after !== null) return;
      const newest = await judging.lastSequence();
      // Whoever began first, begins earlier: what it waits for may have come meanwhile.
      after ??= newest;
    },
    stop: () => {
      rest();
      if (timer !== null) clearTimeout(timer);
    },
  };
};

const newsOf = (events: readonly JournalEvent[]): VerdictNews => {
  const [done, takenBack]: [CandidateId[], CandidateId[]] = [[], []];
  for (const { type, candidateId } of events) {
    if (candidateId === null) continue;
    if (type === 'candidate.done') done.push(candidateId);
    if (type !== 'candidate.done') takenBack.push(candidateId);
  }
  return { done, takenBack };
};
