/** What did not become a candidate that passed, and why. */
import { grouped } from '../../domain/text/units.ts';
import { code, markdownTable, section } from './markdown.ts';
import type { ReportInput } from './report-input.ts';

const MESSAGE_CHARS_MAX = 240;

export const failureSection = ({ view, lastMessages }: ReportInput): readonly string[] => {
  const verdicts = counted(view.byVerdict).map(([verdict, count]) => [code(verdict), count]);
  const failures = counted(view.byFailure).map(([failure, count]) => [
    code(failure),
    count,
    code(lastMessages.get(failure) ?? '', MESSAGE_CHARS_MAX),
  ]);
  return section(
    'What became of it',
    verdicts.length === 0 ? '' : markdownTable(['Verdict', 'Candidates'], verdicts, 'lr'),
    failures.length === 0
      ? ''
      : `Answers that gave no candidate:\n\n${markdownTable(['Failure', 'Answers', 'The last one'], failures, 'lrl')}`,
    lostText(view.generations.lost),
  );
};

const counted = (counts: Readonly<Record<string, number>>): readonly (readonly [string, string])[] =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .toSorted(([a, more], [b, less]) => less - more || (a < b ? -1 : 1))
    .map(([name, count]) => [name, grouped(count)]);

const lostText = (lost: number): string =>
  lost === 0
    ? ''
    : `Requests that were under way when the daemon ended: ${grouped(lost)}. The most they can have cost counts as spent.`;
