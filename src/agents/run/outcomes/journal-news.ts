/** What a page of the journal says that agents go by. Pure. */
import type { CandidateId } from '../../../domain/ids.ts';
import type { JournalEvent } from '../../../domain/journal.ts';

export type News =
  | { readonly kind: 'done'; readonly candidateId: CandidateId; readonly device: string | null; readonly isRecord: boolean }
  /** There is no verdict any more: its device failed a canary, or it had ended without one and somebody submitted it again. */
  | { readonly kind: 'takenBack'; readonly candidateId: CandidateId }
  | { readonly kind: 'profiled'; readonly candidateId: CandidateId };

/** The types of events that it reads; a record's tells of the verdict before it. */
export const NEWS: readonly JournalEvent['type'][] = [
  'candidate.done',
  'candidate.record',
  'candidate.reopened',
  'candidate.queued_again',
  'profile.done',
];

/** Those that count while no campaign is open: verdicts of one that is over may be taken back. */
export const NEWS_OF_NOBODY = NEWS.filter((type) => type !== 'candidate.done' && type !== 'candidate.record');

/** In the order of the journal: of all events, or of these types. A page that ends in a verdict does not say whether it is a record. */
export const newsIn = (events: readonly JournalEvent[]): readonly News[] =>
  events.flatMap(({ type, candidateId, data }, index): readonly News[] => {
    if (candidateId === null) return [];
    if (type === 'candidate.done') {
      const device = typeof data['device'] === 'string' ? data['device'] : null;
      return [{ kind: 'done', candidateId, device, isRecord: isRecordOf(events[index + 1], candidateId) }];
    }
    if (type === 'candidate.reopened' || type === 'candidate.queued_again') return [{ kind: 'takenBack', candidateId }];
    return type === 'profile.done' ? [{ kind: 'profiled', candidateId }] : [];
  });

/** A record's event follows its verdict's in one transaction. One that is given back to an older candidate stands by itself. */
const isRecordOf = (next: JournalEvent | undefined, id: CandidateId): boolean =>
  next?.type === 'candidate.record' && next.candidateId === id && next.data['restored'] !== true;
