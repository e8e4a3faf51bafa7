/** Whether a campaign may ask for one more candidate now: by its budget, and by what is left to find. */
import type { GeneratorSet } from '../../generator.ts';
import { ranMsOf } from './campaign-run.ts';
import type { Findings, Life, Thinking } from './campaign-run.ts';
import { endOf } from './exhaustion.ts';
import { allowedBy } from './limits.ts';
import type { Allowed } from './limits.ts';

export interface Now {
  readonly generators: Pick<GeneratorSet, 'byName'>;
  readonly monotonicMs: () => number;
}

type Questioned = Findings & Pick<Thinking, 'asking' | 'preparing'> & Readonly<Pick<Life, 'runningSinceMs'>>;

export const allowedNow = (run: Questioned, now: Now): Allowed => {
  const ends = run.targets.map((target) => endOf(run, target, now.generators));
  const [end] = ends;
  if (end && ends.every((reason) => reason !== null)) return { kind: 'over', reason: end };
  return budgetNow(run, now);
};

/** By its budget alone. */
export const budgetNow = (run: Questioned, { monotonicMs, generators }: Now): Allowed => {
  const usable = [...run.asking].filter(([name]) => generators.byName.get(name)?.unavailable === null);
  const reserveMicros = usable.length === 0 ? 0 : Math.min(...usable.map(([, asking]) => asking.reserveMicros));
  const { budget } = run.campaign.spec;
  return allowedBy({ budget, account: run.account, ranMs: ranMsOf(run, monotonicMs()), reserveMicros, preparing: run.preparing });
};
