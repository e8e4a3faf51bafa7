import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { SWEEP_POINTS_MAX, type SweepView } from '../../domain/api/sweeps.ts';
import { type Context, contextOf, print, printJson, printJsonLine } from '../context.ts';
import { collectAxis, type Grid } from '../input/params.ts';
import { wholeNumber } from '../input/whole-number.ts';
import { rankedScoreText } from '../../domain/text/describe.ts';
import { createProgress } from '../output/progress.ts';
import { retryWhileUnavailable } from '../watch-candidates.ts';
import { reportBlocked, reportWhyWaiting } from '../why-waiting.ts';
import { type TimeoutOption, within, withTimeout } from '../within.ts';
import { doneOf, sweepText } from '../output/sweep-text.ts';
import { type CandidateOptions, candidateOf, withCandidateOptions } from './submit.ts';

const POLL_MS = 500;

interface SweepOptions extends CandidateOptions, TimeoutOption {
  readonly grid?: Grid;
  readonly random?: number;
  readonly seed?: number;
  readonly watch?: boolean;
}

export const addSweep = (program: Command): void => {
  const sweep = withCandidateOptions(
    program.command('sweep').description('judge one file over a grid of params').argument('<file>'),
  )
    .option(
      '-g, --grid <name=values...>',
      "params of the plan's header and their values, such as BLOCK=64,128,256 VEC=1,2,4 (default: the header's space)",
      collectAxis,
    )
    .option('--random <count>', 'draw this many points of the grid instead of all', wholeNumber(1, SWEEP_POINTS_MAX))
    .option('--seed <number>', 'seed of the draw (default: 1)', wholeNumber(0, 2 ** 31))
    .option('-w, --watch', 'wait for all verdicts and show the best');
  withTimeout(sweep).action(async (file: string, options: SweepOptions) => {
    const context = contextOf(program);
    const candidate = await candidateOf(file, options);
    const created = await context.client.createSweep({ candidate, grid: options.grid ?? {}, ...randomOf(options) });
    if (options.watch) await watchSweep(context, created.id, options);
    else if (context.json) printJson(created);
    else print(`${created.id}  ${created.size} candidates\nfollow it with: kiln sweep-status ${created.id}`);
  });
  const status = program
    .command('sweep-status')
    .description('progress and best candidates of a sweep')
    .argument('<id>')
    .option('-w, --watch', 'wait for all verdicts');
  withTimeout(status).action(async (id: string, options: TimeoutOption & { readonly watch?: boolean }) => {
    const context = contextOf(program);
    if (options.watch) await watchSweep(context, id, options);
    else show(context, await context.client.sweep(id));
  });
};

const randomOf = ({ random, seed }: SweepOptions): { readonly random?: { readonly count: number; readonly seed?: number } } => {
  if (random === undefined) return {};
  return { random: { count: random, ...(seed === undefined ? {} : { seed }) } };
};

const show = ({ json }: Context, view: SweepView): void => {
  if (json) printJson(view);
  else print(sweepText(view));
};

/** JSON: one line whenever the view changed. Otherwise a bar, then the best. */
const watchSweep = async (context: Context, id: string, options: TimeoutOption): Promise<void> =>
  within(options, `kiln sweep-status ${id}`, async () => {
    const ended = new AbortController();
    await followSweep(context, id, ended.signal).finally(() => ended.abort());
  });

const followSweep = async (context: Context, id: string, signal: AbortSignal): Promise<void> => {
  let shown = '';
  let view = await context.client.sweep(id);
  const progress = createProgress({ sink: process.stderr, total: view.size, lines: 'none' });
  if (doneOf(view) < view.size) {
    void reportWhyWaiting(context.client, new Set([view.device]), { signal, report: reportBlocked(context.json) });
  }
  for (;;) {
    const text = JSON.stringify(view);
    if (context.json && text !== shown) printJsonLine(view);
    shown = text;
    progress.update(doneOf(view), progressText(view));
    if (doneOf(view) >= view.size) break;
    await pause(POLL_MS);
    view = await retryWhileUnavailable(() => context.client.sweep(id));
  }
  progress.end();
  if (!context.json) print(sweepText(view));
};

const progressText = ({ byVerdict, best: [best] }: SweepView): string => {
  const failed = Object.entries(byVerdict).reduce((sum, [verdict, count]) => sum + (verdict === 'passed' ? 0 : count), 0);
  const leader = best?.score ? `  best ${rankedScoreText(best.score)}` : '';
  return `${byVerdict['passed'] ?? 0} passed, ${failed} not${leader}`;
};
