/** A sweep's progress and its best, for people. Pure. */
import type { SweepList, SweepView } from '../../domain/api/sweeps.ts';
import { rankedScoreText } from '../../domain/text/describe.ts';
import { paramsText } from '../../domain/text/params-text.ts';
import { grouped, seconds, times } from '../../domain/text/units.ts';
import { table } from './table.ts';

const BEST_SHOWN = 10;

export const sweepText = (view: SweepView): string => {
  const verdicts = Object.entries(view.byVerdict).map(([verdict, count]) => `${count} ${verdict}`);
  const counts = verdicts.length === 0 ? '' : `: ${verdicts.join(', ')}`;
  const head = `${view.id}  ${view.problem} on ${view.device}  ${doneOf(view)} of ${view.size} done${counts}`;
  const best = view.best.slice(0, BEST_SHOWN).flatMap(({ id, score, submission }) => {
    return score ? [`  ${rankedScoreText(score)}  ${id}  ${paramsText(submission.params)}`] : [];
  });
  const failed = Object.keys(view.byVerdict).some((verdict) => verdict !== 'passed');
  const why = failed ? [`  why some did not pass: kiln list --sweep ${view.id}`] : [];
  return [head, `  ${stateText(view)}`, ...best, ...why].join('\n');
};

/** "grid, running; 12.3 s of device time" */
const stateText = ({ spec, status, reason, spent }: SweepView): string => {
  const how = spec === null ? status : `${spec.strategy}, ${status}`;
  return `${how}${reason === null ? '' : `: ${reason}`}; ${seconds(spent.gpuSeconds)} of device time`;
};

export const doneOf = ({ byStatus }: Pick<SweepView, 'byStatus'>): number => byStatus['done'] ?? 0;

/** Nothing more will come. */
export const isOver = ({ status, byStatus, asked }: SweepView): boolean =>
  (status === 'finished' || status === 'cancelled') && doneOf({ byStatus }) >= asked;

const right = 'right' as const;

/** One line for each; the empty string for none. */
export const sweepTable = (sweeps: SweepList['sweeps']): string =>
  table(
    [
      { title: 'SWEEP', isId: true },
      { title: 'NAME' },
      { title: 'PROBLEM' },
      { title: 'DEVICE', isExtra: true },
      { title: 'STRATEGY', isExtra: true },
      { title: 'STATE' },
      { title: 'DONE', align: right },
      { title: 'PASSED', align: right },
      { title: 'BEST', align: right },
      { title: 'DEVICE TIME', align: right, isExtra: true },
      { title: 'WHY' },
    ],
    sweeps.map((sweep) => [
      sweep.id,
      sweep.name,
      sweep.problem,
      sweep.device,
      sweep.strategy ?? '-',
      sweep.status,
      `${grouped(sweep.done)}/${grouped(sweep.size)}`,
      grouped(sweep.passed),
      sweep.best === null ? '-' : times(sweep.best),
      seconds(sweep.gpuSeconds),
      sweep.reason ?? '',
    ]),
  );
