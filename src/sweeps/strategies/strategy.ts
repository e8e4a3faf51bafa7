/** The port of all strategies: which points of a space are tried next. Pure; the same seed and the same results in the same order give the same points. */
import type { Space } from '../../domain/sweep/space.ts';

export interface Reported {
  readonly point: number;
  /** Logarithm of the speed-up, larger is better; null: it did not pass. */
  readonly value: number | null;
}

export interface Strategy {
  /** Points that were never asked for, at most `count`; fewer where no more can be found, none at the end of the space. */
  ask(count: number): readonly number[];
  /** What does not pass teaches too. */
  report(results: readonly Reported[]): void;
}

export interface StrategyOptions {
  readonly space: Space;
  readonly seed: number;
  /** Points that will be tried in all, as far as that is known. */
  readonly planned: number;
  /** Asked for before, in their order: a sweep that goes on. Their results are reported next. */
  readonly asked: readonly number[];
}
