import type Anthropic from '@anthropic-ai/sdk';
import type { BoundedMap } from '../../platform/bounded-map.ts';
import type { CallDeps } from './batch-calls.ts';

/** What everything needs that asks about batches. */
export interface BatchServing {
  readonly client: Anthropic;
  readonly calls: CallDeps;
  /** By id: they hold none of the questions that are looked for, or are known to be another of our batches. */
  readonly others: BoundedMap<string, true>;
}

const MS_A_MINUTE = 60_000;
/** What the service gives a batch. */
export const LIFE_MS = 24 * 60 * MS_A_MINUTE;
/** After that, before a batch that never ends is cancelled, and again before it is given up. */
export const GRACE_MS = 60 * MS_A_MINUTE;
/** What the service's clock and ours may differ by. */
export const SKEW_MS = 10 * MS_A_MINUTE;
