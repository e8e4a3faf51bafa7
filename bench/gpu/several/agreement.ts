/** Section 2: the same candidates on one GPU alone and on another alone, and once more on the first, which shows what chance does. */
import type { Score } from '../../../src/domain/ranking/ranking.ts';
import { type Agreement, type Ranked, agreement } from '../../measure/kendall.ts';
import { quantile } from '../../quantile.ts';
import { sweepOnly } from '../rate/candidates.ts';
import { runKiln } from '../rate/kiln-run.ts';
import type { BenchHost } from './host.ts';

export interface Comparison {
  readonly first: number;
  readonly second: number;
  readonly candidates: number;
  readonly speedups: Agreement;
  /** Time on the second divided by time on the first, over the candidates. */
  readonly timeRatio: { readonly p5: number; readonly median: number; readonly p95: number };
}

export type Scores = ReadonlyMap<string, Score>;

export const measureAgreement = async (host: BenchHost, candidates: number): Promise<readonly Comparison[]> => {
  const first = await scoresOn(host, 0, candidates);
  const second = await scoresOn(host, 1, candidates);
  const again = await scoresOn(host, 0, candidates);
  return [compare({ first: 0, second: 1 }, first, second), compare({ first: 0, second: 0 }, first, again)];
};

const scoresOn = async ({ transport }: BenchHost, firstGpu: number, candidates: number): Promise<Scores> => {
  const stream = sweepOnly(candidates, 0);
  const run = await runKiln({ transport, gpus: 1, firstGpu, stream, isRanked: false, preludeFrom: candidates });
  const [unexpected] = run.unexpected;
  if (unexpected) throw new Error(unexpected);
  return new Map(run.records.flatMap(({ id, score }) => (score ? [[id, score] as const] : [])));
};

export const compare = (gpus: Pick<Comparison, 'first' | 'second'>, first: Scores, second: Scores): Comparison => {
  const pairs = [...first].flatMap(([id, one]) => {
    const other = second.get(id);
    return other ? [{ one, other }] : [];
  });
  if (pairs.length < 2) throw new Error(`only ${pairs.length} candidates passed on both GPUs`);
  const ratios = pairs.map(({ one, other }) => other.timeNs / one.timeNs);
  return {
    ...gpus,
    candidates: pairs.length,
    speedups: agreement(
      pairs.map(({ one }) => ranked(one)),
      pairs.map(({ other }) => ranked(other)),
    ),
    timeRatio: { p5: quantile(ratios, 0.05), median: quantile(ratios, 0.5), p95: quantile(ratios, 0.95) },
  };
};

const ranked = ({ speedup, speedupLow, speedupHigh }: Score): Ranked => ({ value: speedup, low: speedupLow, high: speedupHigh });
