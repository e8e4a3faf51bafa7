/** The pictures of a sweep, drawn by what draws them in the page. */
import type { SweepPlotQuery, SweepResults, SweepResultsQuery, SweepView } from '../../domain/api/sweeps.ts';
import { KilnError } from '../../domain/errors.ts';
import type { SweepId } from '../../domain/ids.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { heatMap } from '../plots/heat-map.ts';
import { progressPlot } from '../plots/progress-plot.ts';
import type { Shape } from '../plots/shape.ts';
import { type Axis, axesOf, coordinatesPlot } from '../plots/sweep-plots.ts';
import { sweepProgress } from '../plots/sweep-progress.ts';
import { IMAGE_POLICY, imageText } from './image-text.ts';

type Results = SweepResults['results'];

/** Both throw KilnError where there is no such sweep. */
export interface SweepReads {
  view(id: SweepId): Promise<SweepView>;
  results(id: SweepId, query: SweepResultsQuery, signal: AbortSignal): Promise<SweepResults>;
}

const BOX = { width: 1000, height: 360 };
const PAGE = 10_000;
/** A picture of more says no more. */
const RESULTS_MAX = 100_000;

export const sweepImage = async (
  reads: SweepReads,
  id: SweepId,
  query: SweepPlotQuery,
): Promise<{ readonly svg: string; readonly policy: string }> => {
  const view = await reads.view(id);
  const results = await allResults(reads, id);
  return { svg: imageText(drawn(view, results, query)), policy: IMAGE_POLICY };
};

const allResults = async (reads: SweepReads, id: SweepId): Promise<Results> => {
  const all: Results = [];
  while (all.length < RESULTS_MAX) {
    const { results } = await reads.results(
      id,
      { after: all.at(-1)?.reported ?? 0, limit: PAGE, wait: 0 },
      new AbortController().signal,
    );
    all.push(...results);
    if (results.length < PAGE) break;
  }
  return all;
};

const drawn = (view: SweepView, results: Results, { kind, across, down }: SweepPlotQuery): Shape => {
  if (kind === 'progress') {
    const caption = `${plainLine(view.problem, 64)} on ${plainLine(view.device, 40)}: best so far over device time`;
    return progressPlot(sweepProgress(results, view), { ...BOX, axis: 'gpu', caption });
  }
  const axes = axesOf(results);
  if (kind === 'coordinates') return coordinatesPlot(results, axes, BOX);
  const [first, second] = chosen(axes, across, down);
  return heatMap(results, { across: first, down: second, width: BOX.width });
};

const chosen = (axes: readonly Axis[], across: string | undefined, down: string | undefined): readonly [Axis, Axis] => {
  const named = (name: string | undefined, otherwise: Axis | undefined): Axis => {
    const found = name === undefined ? otherwise : axes.find((axis) => axis.name === name);
    if (found) return found;
    const known = axes.map((axis) => axis.name).join(', ') || 'none so far';
    throw new KilnError(
      'INVALID_REQUEST',
      `a heat map needs two params that vary${name === undefined ? '' : `, and "${name}" is none`}; there are ${known}`,
    );
  };
  const first = named(
    across,
    axes.find(({ name }) => name !== down),
  );
  const second = named(
    down,
    axes.find(({ name }) => name !== first.name),
  );
  if (first.name === second.name) throw new KilnError('INVALID_REQUEST', 'across and down: name two different params');
  return [first, second];
};
