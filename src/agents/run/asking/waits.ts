/**
 * Which questions can wait for a batch: those that begin anew, so that no verdict is before them and nobody is held up behind them. Asked directly are
 * turns that go on from a verdict, repairs, diagnoses, and the first questions of a campaign, so that its devices have something to do.
 */
import type { Generator } from '../../generator.ts';
import type { AskingRun } from '../state/campaign-run.ts';
import { batchedOf } from '../state/open-batch.ts';
import type { Agent } from '../state/roster.ts';
import { bestSpeedups, type Target } from '../state/targets.ts';
import type { Chosen } from './choose.ts';

type Waiting = Pick<AskingRun, 'campaign' | 'starts'>;

/** `number`: of the generation. So many are asked directly as the campaign has agents. */
export const waits = (
  { campaign: { spec }, starts }: Waiting,
  { batches }: Pick<Generator, 'batches'>,
  { chosen: { choice, turns, diagnosing }, number }: { readonly chosen: Chosen; readonly number: number },
): boolean =>
  spec.batches &&
  batches !== undefined &&
  number > starts + spec.agents &&
  turns.length === 0 &&
  choice.move !== 'repair' &&
  diagnosing === null;

/** Where as many questions wait already as the campaign has agents, nobody begins anew with who would make them wait. */
export const mayBegin = (run: AskingRun, { batches }: Pick<Generator, 'batches'>): boolean => {
  const { spec } = run.campaign;
  if (!spec.batches || batches === undefined || run.next <= run.starts + spec.agents) return true;
  return batchedOf(run.batches) + run.joining + run.preparing < spec.agents;
};

/** It goes on from a verdict on this target. */
export const goesOn = (run: AskingRun, { conversation }: Agent, target: Target): boolean =>
  conversation.on(bestSpeedups(run.targets)) === run.targets.indexOf(target);
