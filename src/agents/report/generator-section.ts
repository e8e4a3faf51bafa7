/** The generators side by side: who wrote how much, at what cost, and whose candidates were the best so far when they came. */
import type { Generation } from '../../domain/campaign.ts';
import { dollars, grouped, percent, seconds, times } from '../../domain/text/units.ts';
import { bestSoFar, isJudged } from './best-so-far.ts';
import { code, markdownTable, section } from './markdown.ts';
import type { ReportInput } from './report-input.ts';

export const generatorSection = (input: ReportInput): readonly string[] => {
  const written = input.generations.filter(({ move }) => move !== 'seed');
  const improved = new Set(bestSoFar(input).flatMap(({ improvements }) => improvements.map(({ generation }) => generation.id)));
  const rows = [...Map.groupBy(written, ({ generator }) => generator)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, generations]) => [code(name), ...cells(generations, improved)]);
  const titles = ['Generator', 'Asked', 'Judged', 'Passed', 'Improvements', 'Best', 'Output tokens', 'Money', 'GPU time'];
  return rows.length === 0 ? [] : section('Generators', markdownTable(titles, rows, 'lrrrrrrrr'), LEGEND);
};

const LEGEND = "An improvement was the best of its problem and device when it was judged. Starting points are nobody's.";

const cells = (generations: readonly Generation[], improved: ReadonlySet<Generation['id']>): readonly string[] => {
  const judged = generations.filter(isJudged);
  const speedups = judged.flatMap(({ state }) => (state.speedup === null ? [] : [state.speedup]));
  return [
    grouped(generations.length),
    grouped(judged.length),
    judged.length === 0 ? '-' : percent(speedups.length / judged.length),
    grouped(generations.filter(({ id }) => improved.has(id)).length),
    speedups.length === 0 ? '-' : times(speedups.reduce((best, speedup) => Math.max(best, speedup))),
    grouped(sum(generations.map(({ usage }) => usage.outputTokens))),
    dollars(sum(generations.map(({ usage }) => usage.micros)) / 1e6),
    seconds(sum(judged.map(({ state }) => state.deviceMs)) / 1000),
  ];
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
