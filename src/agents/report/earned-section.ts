/** What each generator earned with each move, and what an accepted improvement cost, by generator and in all. */
import type { MoveEarned } from '../../domain/api/campaigns.ts';
import { type EarnedSum, earnedSum, perAcceptedText } from '../../domain/text/earned-text.ts';
import { dollars, grouped, seconds, times } from '../../domain/text/units.ts';
import { code, markdownTable, section } from './markdown.ts';
import type { ReportInput } from './report-input.ts';

export const earnedSection = ({ view: { earned = [], earnedOn = [] } }: ReportInput): readonly string[] => {
  if (earned.length === 0) return [];
  const byGenerator = [...Map.groupBy(earned, ({ generator }: MoveEarned) => generator)];
  const rows = byGenerator.flatMap(([generator, moves]) => [
    ...moves.map((row) => [code(generator), row.move, ...cells(row)]),
    ...(moves.length > 1 ? [[code(generator), 'all', ...cells(earnedSum(moves))]] : []),
  ]);
  const total = byGenerator.length > 1 ? [['all', 'all', ...cells(earnedSum(earned))]] : [];
  const titles = ['Generator', 'Move', ...SUMS];
  const problems = earnedOn.map((row) => [code(row.problem), code(row.device), ...cells(row)]);
  const onTargets =
    problems.length === 0
      ? []
      : section('What was earned on each problem', markdownTable(['Problem', 'Device', ...SUMS], problems, 'llrrrrrrr'));
  return [...onTargets, ...section('What moves earned', markdownTable(titles, [...rows, ...total], 'llrrrrrrr'), LEGEND)];
};

const SUMS = ['Asked', 'Judged', 'Accepted', 'Gain', 'Money', 'Money an accepted one', 'GPU time'];

const LEGEND =
  'Accepted is what measurements vouch for: faster than the best before it beyond the intervals of both, or the record in pairs. What only ran luckily is not.';

const MINUTE_SECONDS = 60;

const cells = (sum: EarnedSum): readonly string[] => [
  grouped(sum.asked),
  grouped(sum.judged),
  grouped(sum.accepted),
  sum.accepted === 0 ? '-' : times(sum.gain),
  dollars(sum.usd),
  perAcceptedText(sum),
  seconds(sum.gpuMinutes * MINUTE_SECONDS),
];
