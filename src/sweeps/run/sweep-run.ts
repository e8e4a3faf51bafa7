/**
 * One sweep that is not over, in memory. Its rows say all of it: asked points, their candidates, verdicts in the order in which they were reported.
 *
 * Modes: restoring (its rows are read; nothing is asked for); going (asks, submits, tells); draining (a limit is reached, the last verdicts come);
 * through (no verdict is waited for, and its status is final).
 */
import type { z } from 'zod';
import type { SubmitCandidate } from '../../domain/api/candidates.ts';
import type { CandidateId } from '../../domain/ids.ts';
import { SILENT_VERDICTS } from '../../domain/outcome.ts';
import { createSpace, type Space } from '../../domain/sweep/space.ts';
import { plannedPoints, type SweepRow, type SweepSpec } from '../../domain/sweep/sweep.ts';
import { createStrategy } from '../strategies/create-strategy.ts';
import type { Strategy, Reported } from '../strategies/strategy.ts';
import { createPlateauWatch, type PlateauWatch } from './plateau.ts';

type Candidate = z.output<typeof SubmitCandidate>;

export interface Point {
  readonly number: number;
  readonly point: number;
}

export interface SweepRun {
  record: SweepRow & { readonly spec: SweepSpec };
  readonly candidate: Candidate;
  readonly space: Space;
  strategy: Strategy;
  plateau: PlateauWatch;
  /** Asked for and not submitted. */
  unsubmitted: Point[];
  /** Submitted and without a verdict. */
  readonly pending: Map<CandidateId, Point>;
  /** Of the pending ones, those that may have a verdict by now. */
  readonly arrived: Set<CandidateId>;
  /** Verdicts that were reported and were taken back since. */
  readonly takenBack: Set<CandidateId>;
  readonly reportedIds: Set<CandidateId>;
  asked: number;
  lastReported: number;
  gpuMs: number;
  /** Points in a row that were no plan or no code: they cost nothing, and must not go on for ever. */
  refusedInRow: number;
  /** No point is left. */
  isUsedUp: boolean;
  isRestored: boolean;
  runningSinceMs: number | null;
  /** Why it stands still for now; null where it does not. */
  trouble: string | null;
}

/** Throws KilnError where its space is none. */
export const createRun = (record: SweepRun['record'], candidate: Candidate): SweepRun => {
  const { spec } = record;
  const space = createSpace({ axes: spec.axes, where: spec.where, fixed: spec.fixed });
  return {
    record,
    candidate,
    space,
    strategy: strategyOf(spec, space, []),
    plateau: createPlateauWatch(spec.plateau),
    unsubmitted: [],
    pending: new Map(),
    arrived: new Set(),
    takenBack: new Set(),
    reportedIds: new Set(),
    asked: 0,
    lastReported: 0,
    gpuMs: 0,
    refusedInRow: 0,
    isUsedUp: false,
    isRestored: false,
    runningSinceMs: null,
    trouble: null,
  };
};

export const strategyOf = (spec: SweepSpec, space: Space, asked: readonly number[]): Strategy =>
  createStrategy(spec.strategy, { space, seed: spec.seed, planned: plannedPoints(spec), asked });

/** It may have begun after the clock was read: the store was asked for something else meanwhile. */
export const ranMsOf = ({ record, runningSinceMs }: SweepRun, monotonicMs: number): number =>
  record.ranMs + (runningSinceMs === null ? 0 : Math.max(0, monotonicMs - runningSinceMs));

/** Its last verdict is there, and nothing more is asked for. */
export const isThrough = ({ record, pending, unsubmitted, isRestored }: SweepRun): boolean =>
  isRestored && pending.size === 0 && unsubmitted.length === 0 && (record.status === 'finished' || record.status === 'cancelled');

const REFUSED: ReadonlySet<string> = new Set(['plan_error', 'compile_error']);

export interface Verdict {
  readonly point: number;
  readonly verdict: string;
  readonly speedup: number | null;
}

/** In the order in which they are reported. */
export const learn = (run: SweepRun, verdicts: readonly Verdict[]): void => {
  const reported: Reported[] = [];
  for (const { point, verdict, speedup } of verdicts) {
    run.refusedInRow = REFUSED.has(verdict) ? run.refusedInRow + 1 : 0;
    if (SILENT_VERDICTS.has(verdict)) continue;
    const value = speedup === null ? null : Math.log(speedup);
    reported.push({ point, value });
    run.plateau.add(value);
  }
  run.strategy.report(reported);
};
