/**
 * One reader of the journal for all agents: tells whoever waits for a candidate that it is done.
 *
 * Modes: created; following (reads what is new after every write); stopped.
 * Invariant: a verdict that is written while somebody waits is passed on once; one that was written between a submission and its `expect` is
 * remembered, or found by `recheck`. What was taken back is remembered no longer.
 */
import type { Logger } from 'pino';
import type { Candidate } from '../../../domain/candidate.ts';
import { isNotFound } from '../../../domain/errors.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import type { JournalEvent } from '../../../domain/journal.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';
import { type News, NEWS, NEWS_OF_NOBODY, newsIn } from './journal-news.ts';

const PAGE = 1000;
/** Writes that follow one another closely are read together. */
const READ_AFTER_MS = 20;
const RETRY_MS = 1000;
/** Verdicts nobody had asked for yet. A submission is answered long before so many others are done. */
const REMEMBERED_MAX = 10_000;
/** Looked at by one `recheck`. */
const RECHECKED_MAX = 200;

export type OnVerdict = (verdict: { readonly isRecord: boolean }) => void;

export interface Verdicts {
  /** From the newest event on. */
  start(): Promise<void>;
  /** Calls back once, soon if it is done already. */
  expect(id: CandidateId, listener: OnVerdict): void;
  /** Asks for these, or for those that were waited for longest, in case a verdict was missed. */
  recheck(ids?: readonly CandidateId[]): Promise<void>;
  stop(): void;
}

export interface VerdictsDeps {
  readonly judging: Pick<Judging, 'events' | 'lastSequence' | 'onEvents' | 'candidate'>;
  readonly log: Logger;
  /** Whether anybody may wait for verdicts. Where nobody does, they are not read. */
  readonly isWanted: () => boolean;
  /** Somebody's candidate on this device class is done. */
  readonly onDone: (device: string) => void;
  /** A profile came. Not passed on again after a restart: it is in the candidate's profile then. */
  readonly onProfiled: (id: CandidateId) => void;
  /** These have no verdict any more: they are judged again. Not passed on again after a restart: the store knows which are out of date. */
  readonly onTakenBack: (ids: readonly CandidateId[]) => void;
}

export const createVerdicts = ({ judging, log, isWanted, ...followers }: VerdictsDeps): Verdicts => {
  const expected = new Map<CandidateId, OnVerdict[]>();
  const remembered = new Map<CandidateId, boolean>();
  let after = 0;
  let timer: NodeJS.Timeout | null = null;
  let isReading = false;
  let hasMore = false;
  let isQuiet = false;
  let unsubscribe: (() => void) | null = null;

  const notify = (id: CandidateId, isRecord: boolean): void => {
    const listeners = expected.get(id);
    expected.delete(id);
    for (const listener of listeners ?? []) listener({ isRecord });
    if (!listeners) remember(remembered, id, isRecord);
  };

  const readSoon = (delayMs: number): void => {
    hasMore = true;
    if (timer || isReading || !unsubscribe) return;
    timer = setTimeout(() => {
      timer = null;
      void read();
    }, delayMs);
  };

  const onNews = (news: News): void => {
    tell(news, followers);
    if (news.kind === 'takenBack') remembered.delete(news.candidateId);
    if (news.kind === 'done') notify(news.candidateId, news.isRecord);
  };

  const use = ({ events, isFull }: Page, head: number): void => {
    for (const news of newsIn(events)) onNews(news);
    const last = events.at(-1)?.sequence ?? after;
    after = isFull ? last : Math.max(last, head);
    isQuiet = events.length === 0;
  };

  const read = async (): Promise<void> => {
    isReading = true;
    hasMore = false;
    try {
      // Where nothing of this kind came lately, what else is written is passed over once, and not at each look.
      const head = isQuiet ? await judging.lastSequence() : after;
      const types = isWanted() ? NEWS : NEWS_OF_NOBODY;
      const page = wholePage(await judging.events({ after, limit: PAGE, types }));
      // Somebody came meanwhile: what was left out may be theirs.
      const isMissing = types !== NEWS && isWanted();
      if (!isMissing) use(page, head);
      hasMore ||= isMissing || page.isFull;
      isReading = false;
      if (hasMore) readSoon(page.isFull ? 0 : READ_AFTER_MS);
    } catch (error) {
      isReading = false;
      log.warn({ err: error }, 'the journal could not be read; it is tried again');
      readSoon(RETRY_MS);
    }
  };

  const recheck = async (ids = [...expected.keys()].slice(0, RECHECKED_MAX)): Promise<void> => {
    for (const id of ids.filter((one) => expected.has(one))) {
      const state = await stateOf(id, { judging, log });
      if (state?.status === 'done' && expected.has(id)) notify(id, await wasRecord(judging, id));
    }
  };

  return {
    start: async () => {
      after = await judging.lastSequence();
      unsubscribe = judging.onEvents(() => readSoon(READ_AFTER_MS));
    },
    expect: (id, listener) => {
      const known = remembered.get(id);
      if (known === undefined) expected.set(id, [...(expected.get(id) ?? []), listener]);
      else listener({ isRecord: known });
      remembered.delete(id);
    },
    recheck,
    stop: () => {
      unsubscribe?.();
      unsubscribe = null;
      if (timer) clearTimeout(timer);
    },
  };
};

const tell = (
  news: News,
  { onDone, onProfiled, onTakenBack }: Pick<VerdictsDeps, 'onDone' | 'onProfiled' | 'onTakenBack'>,
): void => {
  switch (news.kind) {
    case 'profiled':
      return onProfiled(news.candidateId);
    case 'takenBack':
      return onTakenBack([news.candidateId]);
    case 'done':
      if (news.device !== null) onDone(news.device);
  }
};

interface Page {
  readonly events: readonly JournalEvent[];
  readonly isFull: boolean;
}

/** A record's event follows its verdict's in one transaction; a page that ends between them is read up to there only. */
const wholePage = (events: readonly JournalEvent[]): Page => {
  const isFull = events.length === PAGE;
  return { events: isFull && events.at(-1)?.type === 'candidate.done' ? events.slice(0, -1) : events, isFull };
};

const remember = (remembered: Map<CandidateId, boolean>, id: CandidateId, isRecord: boolean): void => {
  remembered.set(id, isRecord);
  for (const oldest of remembered.keys()) {
    if (remembered.size <= REMEMBERED_MAX) return;
    remembered.delete(oldest);
  }
};

/** Null of one that is there no more: whoever waits for it must not keep others from theirs. */
const stateOf = async (
  id: CandidateId,
  { judging, log }: Pick<VerdictsDeps, 'judging' | 'log'>,
): Promise<Candidate['state'] | null> => {
  try {
    return (await judging.candidate(id)).state;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    log.warn({ candidateId: id }, 'a candidate that a campaign waits for is not there');
    return null;
  }
};

/** Whether a candidate took the record when it was done last. */
const wasRecord = async (judging: Pick<Judging, 'events'>, id: CandidateId): Promise<boolean> => {
  let isRecord = false;
  for (let after = 0; ; ) {
    const { events, isFull } = wholePage(await judging.events({ after, limit: PAGE, candidateId: id, types: NEWS }));
    for (const news of newsIn(events)) if (news.kind === 'done') isRecord = news.isRecord;
    if (!isFull) return isRecord;
    after = events.at(-1)?.sequence ?? after;
  }
};
