/** What a generation says of proposals, where it is not known yet: that they were made, or that one is written. */
import type { Generation } from '../../../domain/campaign/campaign.ts';
import { targetOf } from '../state/campaign-run.ts';
import type { AwaitingRun } from '../state/campaign-run.ts';
import { isFree } from './failed-generations.ts';

/** Once for each generation. */
export const learnProposals = (run: AwaitingRun, generation: Generation): void => {
  const { number, state, parents, proposal, usage } = generation;
  const proposals = targetOf(run, generation)?.proposals;
  if (state.status === 'diagnosed') proposals?.add({ ...state, number, parents });
  const wasFree = state.status === 'failed' && isFree(state.failure, usage);
  if (proposal && !wasFree) proposals?.onAsked(proposal);
};
