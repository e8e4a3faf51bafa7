/** The time of a score: of a program that was judged by its answers it is that to these, with what that leaves open and how it was called. */
import type { Score } from '../../domain/ranking/ranking.ts';
import { shortTimeText } from '../../domain/text/describe.ts';
import { nanoseconds } from '../../domain/text/units.ts';
import { rounded } from './case-data.ts';

interface TimeData {
  readonly timeNs: number;
  readonly uncertaintyNs?: number | undefined;
  readonly semantics?: NonNullable<Score['answers']>['semantics'] | undefined;
}

export const timeDataOf = ({ timeNs, answers }: Score): TimeData => ({
  timeNs: rounded(timeNs),
  ...(answers && { uncertaintyNs: rounded(answers.uncertaintyNs), semantics: answers.semantics }),
});

/** "73.0 µs", "time to answers 300 µs ± 8.40 µs (released)" */
export const timeText = ({ timeNs, uncertaintyNs, semantics }: TimeData): string =>
  uncertaintyNs === undefined
    ? nanoseconds(timeNs)
    : `time to answers ${shortTimeText({ timeNs, answers: { uncertaintyNs } })} (${semantics})`;
