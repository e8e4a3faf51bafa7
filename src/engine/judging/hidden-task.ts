/** The check case that is drawn for one attempt: its candidate's id knows nothing of it. */
import type { HiddenTask, JudgeTask } from '../../domain/protocol.ts';
import { PlanError } from '../../problems/plan-error.ts';
import { resolvePlanAt } from '../../problems/resolve-unit.ts';
import { targetOf } from '../../problems/targets.ts';
import type { ActiveCandidate } from '../active-candidates.ts';
import type { DrawnCase } from '../hidden-cases.ts';
import type { Shared } from '../state.ts';

/** Null for a problem that declares no bounds. Of a program the one that it was made ready for. */
export const drawnFor = (
  { hidden }: Pick<Shared, 'hidden'>,
  { loaded, submission: { content }, hidden: recorded }: Pick<ActiveCandidate, 'loaded' | 'submission' | 'hidden'>,
): DrawnCase | null => (content.program ? recorded : hidden.draw(loaded, targetOf(content.device)));

export const hiddenFor = (
  drawn: DrawnCase | null,
  candidate: Pick<ActiveCandidate, 'loaded' | 'submission'>,
): Pick<JudgeTask, 'hidden'> => (drawn === null ? {} : { hidden: hiddenTask(drawn, candidate) });

const hiddenTask = (
  { item, defined }: DrawnCase,
  { loaded, submission: { content } }: Pick<ActiveCandidate, 'loaded' | 'submission'>,
): HiddenTask => {
  if (content.program) return { kind: 'program', case: defined };
  try {
    return { kind: 'case', case: defined, plan: resolvePlanAt(content, item, loaded) };
  } catch (error) {
    if (error instanceof PlanError) return { kind: 'refused', field: error.field, message: error.message };
    throw error;
  }
};
