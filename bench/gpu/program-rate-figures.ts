/** What bench/gpu/program-rate makes of candidates that were judged. Pure. */
import type { Candidate } from '../../src/domain/candidate.ts';
import { quantile } from '../quantile.ts';

export interface Rate {
  readonly passed: number;
  readonly of: number;
  /** From the first verdict to the last. */
  readonly perSecond: number;
  /** Of the GPU's time, the median. */
  readonly judgedMs: number;
  /** Of all their time on the GPU. */
  readonly timedShare: number;
}

/** Of those that are done; an attempt that failed for reasons of the host counts with its candidate's time. */
export const rateOf = (candidates: readonly Pick<Candidate, 'state' | 'attempts' | 'score'>[]): Rate => {
  const ends = candidates.flatMap(({ state }) => (state.status === 'done' ? [Date.parse(state.finishedAt)] : []));
  const done = candidates.filter(({ state }) => state.status === 'done');
  const spent = done.map(({ attempts }) => ({
    total: sum(attempts.map(({ phases }) => phases?.totalMs ?? 0)),
    timed: sum(attempts.map(({ phases }) => phases?.measureMs ?? 0)),
  }));
  return {
    passed: candidates.filter(({ score }) => score).length,
    of: candidates.length,
    perSecond: (1000 * (ends.length - 1)) / (Math.max(...ends) - Math.min(...ends)),
    judgedMs: quantile(
      spent.map(({ total }) => total),
      0.5,
    ),
    timedShare: sum(spent.map(({ timed }) => timed)) / sum(spent.map(({ total }) => total)),
  };
};

export const rateRow = (name: string, { passed, of, perSecond, judgedMs, timedShare }: Rate): readonly string[] => [
  name,
  `${passed} of ${of}`,
  perSecond.toFixed(1),
  `${judgedMs.toFixed(1)} ms`,
  `${(100 * timedShare).toFixed(0)} %`,
];

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
