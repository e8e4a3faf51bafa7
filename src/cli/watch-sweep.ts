/** Follows a sweep to its end. */
import { setTimeout as pause } from 'node:timers/promises';
import type { SweepView } from '../domain/api/sweeps.ts';
import { rankedScoreText } from '../domain/text/describe.ts';
import { type Context, print, printJsonLine } from './context.ts';
import { createProgress } from './output/progress.ts';
import { doneOf, isOver, sweepText } from './output/sweep-text.ts';
import { retryWhileUnavailable } from './watch-candidates.ts';
import { reportBlocked, reportWhyWaiting } from './why-waiting.ts';
import { type TimeoutOption, within } from './within.ts';

const POLL_MS = 500;

/** JSON: one line whenever the view changed. Otherwise a bar, then the best. */
export const watchSweep = async (context: Context, id: string, options: TimeoutOption): Promise<void> =>
  within(options, `kiln sweep show ${id} --watch`, async () => {
    const ended = new AbortController();
    await followSweep(context, id, ended.signal).finally(() => ended.abort());
  });

const followSweep = async (context: Context, id: string, signal: AbortSignal): Promise<void> => {
  let shown = '';
  let view = await context.client.sweep(id);
  const progress = createProgress({ sink: process.stderr, total: view.size, lines: 'none' });
  if (!isOver(view)) {
    void reportWhyWaiting(context.client, new Set([view.device]), { signal, report: reportBlocked(context.json, progress) });
  }
  for (;;) {
    const text = JSON.stringify(view);
    if (context.json && text !== shown) printJsonLine(view);
    shown = text;
    progress.update(doneOf(view), progressText(view));
    if (isOver(view)) break;
    await pause(POLL_MS);
    view = await retryWhileUnavailable(() => context.client.sweep(id));
  }
  progress.end();
  if (!context.json) print(sweepText(view));
};

const progressText = ({ byVerdict, best: [best], status, reason }: SweepView): string => {
  const failed = Object.entries(byVerdict).reduce((sum, [verdict, count]) => sum + (verdict === 'passed' ? 0 : count), 0);
  const leader = best?.score ? `  best ${rankedScoreText(best.score)}` : '';
  const stands = status === 'paused' || reason !== null ? `  ${reason ?? status}` : '';
  return `${byVerdict['passed'] ?? 0} passed, ${failed} not${leader}${stands}`;
};
