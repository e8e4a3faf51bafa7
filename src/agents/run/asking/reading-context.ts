/** What an answer of a batch is read with, made of its row alone: so it is the same after a restart. */
import { type Generation, WritingMove } from '../../../domain/campaign/campaign.ts';
import { ideaOf } from '../../../domain/campaign/diagnosis.ts';
import type { GenerationContext } from '../../../domain/campaign/generation-context.ts';
import { isNotFound } from '../../../domain/errors.ts';
import type { Choice } from '../../search/entry.ts';
import { type AskingRun, retryOf, targetOf } from '../state/campaign-run.ts';
import { retryWhileUnavailable } from '../state/retry-while-unavailable.ts';
import type { AskingDeps } from './asking-deps.ts';

interface Reading {
  readonly context: GenerationContext;
  /** Of the proposal that it carries out: all candidates of one are tries of one idea, whatever their writers call it. */
  readonly idea: string | null;
}

export const readingContext = async (run: AskingRun, deps: AskingDeps, generation: Generation): Promise<Reading> => {
  const target = targetOf(run, generation);
  if (!target) throw new Error(`${generation.id} is of no target of its campaign`);
  const { problem, device, languages, proposals } = target;
  const build = async (choice: Choice): Promise<GenerationContext> => {
    const wish = { problem, device, languages, choice, turns: [], attempts: [], memory: [], elsewhere: [] };
    return retryWhileUnavailable(async () => deps.contexts.build(wish), retryOf(run));
  };
  const proposed = generation.proposal ? proposals.proposed(generation.proposal) : null;
  const idea = proposed === null ? null : ideaOf(proposed);
  try {
    // Params and the best of all are changed as anything else is.
    const move = WritingMove.safeParse(generation.move).data ?? 'improve';
    return { context: await build({ move, parents: generation.parents, seed: 0 }), idea };
  } catch (error) {
    if (!isNotFound(error)) throw error;
    // A parent was deleted meanwhile: an answer with the whole source can still be read.
    return { context: await build({ move: 'new', parents: [], seed: 0 }), idea };
  }
};
