/** Questions that a restart finds in batches: what was not sent costs nothing, everything else is looked for or followed, and its answers are used. */
import type { BatchStep, Generation } from '../../../domain/campaign/campaign.ts';
import { resumeBatch } from '../asking/batches.ts';
import { thinkAgain } from '../asking/think.ts';
import { fail } from '../outcomes/advance.ts';
import { type Run, targetOf } from '../state/campaign-run.ts';
import type { RunDeps } from './run-deps.ts';

type Step = Exclude<BatchStep, { readonly step: 'collected' }>;

export const resumeBatched = async (run: Run, deps: RunDeps, generations: readonly Generation[]): Promise<void> => {
  for (const generation of generations.filter((one) => stepOf(one) === null)) await dropUnsent(run, deps, generation);
  const groups = Map.groupBy(generations, keyOf);
  for (const group of groups.values()) resume(run, deps, group);
};

/** Null: it was not sent. */
const stepOf = ({ state }: Generation): Step | null => {
  const batch = state.status === 'asked' ? state.batch : undefined;
  return batch === undefined || batch.step === 'collected' ? null : batch;
};

/** Of one batch, as far as their rows say so. */
const keyOf = (generation: Generation): string => {
  const step = stepOf(generation);
  if (step === null) return '';
  return [generation.generator, step.step, step.step === 'sent' ? step.id : `${step.at} ${step.requests}`].join(' ');
};

const dropUnsent = async (run: Run, deps: RunDeps, generation: Generation): Promise<void> => {
  await fail(run, deps, {
    generation,
    failure: 'stopped',
    message: 'the daemon stopped before its batch was sent; it is not billed',
  });
  // It counted as being written.
  if (generation.proposal) targetOf(run, generation)?.proposals.giveBack(generation.proposal);
};

const resume = (run: Run, deps: RunDeps, generations: readonly Generation[]): void => {
  const [first] = generations;
  const step = first ? stepOf(first) : null;
  if (!first || step === null) return;
  const generator = deps.generators.byName.get(first.generator);
  const trouble = generator ? (generator.unavailable ?? 'it has no batches any more') : 'it is not configured any more';
  const batches = generator?.batches ?? null;
  const arrivals = resumeBatch(run, deps, { generator: first.generator, batches, step, generations, trouble });
  for (const [index, generation] of generations.entries()) {
    const [agent, target, asking] = [
      run.roster.agents[generation.agent],
      targetOf(run, generation),
      run.asking.get(first.generator),
    ];
    const arrival = arrivals[index];
    if (!arrival || !agent || !target || !asking || !generator) continue;
    deps.track(thinkAgain(run, deps, { assignment: { agent, target, generator, asking, tunes: null, wish: null }, arrival }));
  }
};
