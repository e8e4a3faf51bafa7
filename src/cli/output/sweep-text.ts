/** A sweep's progress and its best, for people. Pure. */
import type { SweepView } from '../../domain/api/sweeps.ts';
import { rankedScoreText } from '../../domain/text/describe.ts';
import { paramsText } from '../../domain/text/params-text.ts';

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
  return [head, ...best, ...why].join('\n');
};

export const doneOf = ({ byStatus }: SweepView): number => byStatus['done'] ?? 0;
