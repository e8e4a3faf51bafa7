/** What did not become a candidate that passed, and why. */
import type { Generation } from '../../domain/campaign.ts';
import { grouped } from '../../domain/text/units.ts';
import { code, markdownTable, section } from './markdown.ts';
import type { ReportInput } from './report-input.ts';

const MESSAGE_CHARS_MAX = 240;

export const failureSection = ({ view, generations }: ReportInput): readonly string[] => {
  const verdicts = counted(view.byVerdict).map(([verdict, count]) => [verdict, count]);
  const last = lastMessages(generations);
  const failures = counted(view.byFailure).map(([failure, count]) => [
    failure,
    count,
    code(last.get(failure) ?? '', MESSAGE_CHARS_MAX),
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
    .map(([name, count]) => [code(name), grouped(count)]);

const lastMessages = (generations: readonly Generation[]): ReadonlyMap<string, string> =>
  new Map(generations.flatMap(({ state }) => (state.status === 'failed' ? [[code(state.failure), state.message]] : [])));

const lostText = (lost: number): string =>
  lost === 0
    ? ''
    : `Requests that were under way when the daemon ended: ${grouped(lost)}. The most they can have cost counts as spent.`;
