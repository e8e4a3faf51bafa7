/**
 * What people do to candidates that are there: cancel, pause, resume, reprioritise, judge again. A page of candidates at a time, each while nothing
 * is leased, so that no lease that is under way goes by what was before.
 */
import type { Steered, Steering, SteeringRequest } from '../../domain/api/steering.ts';
import { KilnError } from '../../domain/errors.ts';
import type { SteeringSlice } from '../state.ts';
import { ACTIONS } from './actions.ts';
import { countElsewhere, pagesOf } from './selection.ts';
import { createTally } from './tally.ts';
import { whyNot } from './why-not.ts';

export type Steer = (action: Steering, request: SteeringRequest) => Promise<Steered>;

/** `alone`: runs the work while nothing is leased from the queue. */
export const createSteering =
  (state: SteeringSlice, alone: (work: () => Promise<void>) => Promise<void>): Steer =>
  async (action, { select, dryRun, reason = null, priority = 0 }) => {
    if (!state.isRunning()) throw new KilnError('STOPPING', 'the daemon is starting or stopping; try again in a moment');
    const side = { isDone: action === 'rejudge' };
    const tally = createTally(action, dryRun);
    tally.leave(await countElsewhere(state.store, select, side), side.isDone ? 'they are not done yet' : 'they are done');
    for await (const page of pagesOf(state.store, select, side)) {
      if (action === 'rejudge') await state.versions.recall(page);
      const wanted = page.filter((row) => tally.note(row, whyNot(state, row, { action, priority })));
      if (!dryRun && wanted.length > 0) await alone(async () => ACTIONS[action](state, wanted, { reason, priority }));
    }
    if (!dryRun) state.notify();
    return tally.answer();
  };
