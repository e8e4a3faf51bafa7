/** The generators side by side: who wrote how much, at what cost, and whose candidates were the best so far when they came. */
import { dollars, grouped, percent, seconds, times } from '../../domain/text/units.ts';
import { code, markdownTable, section } from './markdown.ts';
import type { ReportInput } from './report-input.ts';
import type { GeneratorTotals } from './totals.ts';

export const generatorSection = ({ byGenerator, series }: ReportInput): readonly string[] => {
  const improved = series.flatMap(({ improvements }) => improvements.map(({ generation }) => generation));
  const improvementsOf = (name: string): number =>
    improved.filter(({ generator, move }) => generator === name && move !== 'seed').length;
  const rows = [...byGenerator]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, totals]) => [code(name), ...cells(totals, improvementsOf(name))]);
  const titles = [
    'Generator',
    'Asked',
    'Judged',
    'Passed',
    'Improvements',
    'Best',
    'Output tokens',
    'Money',
    'Money an improvement',
    'GPU time',
  ];
  return rows.length === 0 ? [] : section('Generators', markdownTable(titles, rows, 'lrrrrrrrrr'), LEGEND);
};

const LEGEND = "An improvement was the best of its problem and device when it was judged. Starting points are nobody's.";

const cells = (totals: GeneratorTotals, improvements: number): readonly string[] => {
  const { asked, judged, passed, best, outputTokens, micros, deviceMs } = totals;
  return [
    grouped(asked),
    grouped(judged),
    judged === 0 ? '-' : percent(passed / judged),
    grouped(improvements),
    best === null ? '-' : times(best),
    grouped(outputTokens),
    dollars(micros / 1e6),
    improvements === 0 || micros === 0 ? '-' : dollars(micros / 1e6 / improvements),
    seconds(deviceMs / 1000),
  ];
};
