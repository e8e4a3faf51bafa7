/** Results of a sweep as a table, CSV, JSON lines, its best configuration, or in the T4 form. Pure. */
import type { SweepResults, SweepView } from '../../domain/api/sweeps.ts';
import { KilnError } from '../../domain/errors.ts';
import { toCsv } from '../../domain/text/csv.ts';
import { milliseconds, nanoseconds, times } from '../../domain/text/units.ts';
import { paramsText } from '../../domain/text/params-text.ts';
import { t4Of } from '../../importers/kerneltuner/t4.ts';
import { ownValue } from '../../platform/own-value.ts';
import { jsonText } from '../context.ts';
import { table } from './table.ts';

export const RESULT_FORMATS = ['table', 'csv', 'jsonl', 'best', 't4'] as const;
export type ResultFormat = (typeof RESULT_FORMATS)[number];

type Results = SweepResults['results'];
interface Reported {
  readonly view: SweepView;
  readonly results: Results;
}

/** Ends with a line break. */
export const resultsText = ({ view, results }: Reported, format: ResultFormat): string => {
  switch (format) {
    case 'table':
      return `${tableText(view, results) || 'no point has a verdict yet'}\n`;
    case 'csv':
      return csvText(view, results);
    case 'jsonl':
      return results.map((result) => `${jsonText(result)}\n`).join('');
    case 'best':
      return `${jsonText(bestOf(view, results), 2)}\n`;
    case 't4':
      return `${jsonText(t4Of(results, namesOf(view, results)), 2)}\n`;
  }
};

const bestFirst = (results: Results): Results => results.toSorted((a, b) => (b.speedup ?? -1) - (a.speedup ?? -1));

/** Params that vary; of a sweep of before, all. */
const namesOf = ({ spec }: SweepView, results: Results): readonly string[] =>
  spec ? Object.keys(spec.axes) : [...new Set(results.flatMap(({ params }) => Object.keys(params)))];

const right = 'right' as const;

const tableText = (view: SweepView, results: Results): string => {
  const names = namesOf(view, results);
  return table(
    [
      ...names.map((title) => ({ title, align: right })),
      { title: 'VERDICT' },
      { title: 'SPEED-UP', align: right },
      { title: 'TIME', align: right },
      { title: 'DEVICE TIME', align: right },
      { title: 'CANDIDATE', isId: true },
    ],
    bestFirst(results).map(({ params, verdict, status, speedup, timeNs, deviceMs, id }) => [
      ...names.map((name) => String(ownValue(params, name) ?? '')),
      verdict ?? status,
      speedup === null ? '-' : times(speedup),
      timeNs === null ? '-' : nanoseconds(timeNs),
      deviceMs === null ? '-' : milliseconds(deviceMs),
      id ?? '',
    ]),
  );
};

const COLUMNS = ['reported', 'candidate', 'verdict', 'speedup', 'speedupLow', 'speedupHigh', 'timeNs', 'deviceMs', 'finishedAt'];

const csvText = (view: SweepView, results: Results): string => {
  const names = namesOf(view, results);
  const rows = results.map((result) => [
    ...names.map((name) => ownValue(result.params, name) ?? ''),
    result.reported,
    result.id,
    result.verdict ?? result.status,
    result.speedup,
    result.speedupLow,
    result.speedupHigh,
    result.timeNs,
    result.deviceMs,
    result.finishedAt,
  ]);
  return toCsv([[...names, ...COLUMNS], ...rows], '\n');
};

/** What another program needs to use it: `params` are those that the kernel is compiled with. */
const bestOf = ({ id, problem, device }: SweepView, results: Results): object => {
  const [best] = bestFirst(results);
  if (best === undefined || best.speedup === null)
    throw new KilnError('NOT_FOUND', `no point of sweep ${id} has passed yet: kiln sweep results ${id} says what became of them`);
  const { params, speedup, speedupLow, speedupHigh, timeNs, id: candidate } = best;
  return { problem, device, params, speedup, speedupLow, speedupHigh, timeNs, candidate, sweep: id, text: paramsText(params) };
};
