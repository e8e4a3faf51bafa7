/** The check case that is drawn for one attempt: its candidate's id knows nothing of it, and no other attempt gets it. */
import type { HiddenTask, JudgeTask } from '../../domain/protocol.ts';
import { drawHidden, type HiddenCase } from '../../problems/hidden.ts';
import { PlanError } from '../../problems/plan-error.ts';
import { resolvePlanAt } from '../../problems/resolve-unit.ts';
import type { JudgingSlice } from '../state.ts';
import { targetOf } from '../../problems/targets.ts';
import type { ActiveCandidate } from '../active-candidates.ts';

/** Nothing for a problem that declares no bounds, nor for a program: what it launches is known for the shapes alone that it was recorded on. */
export const hiddenFor = (
  state: Pick<JudgingSlice, 'randomInt'>,
  candidate: Pick<ActiveCandidate, 'loaded' | 'submission'>,
): Pick<JudgeTask, 'hidden'> => {
  if (candidate.submission.content.program) return {};
  const item = drawHidden(candidate.loaded.problem, state.randomInt);
  return item === undefined ? {} : { hidden: hiddenTask(item, candidate) };
};

const hiddenTask = (item: HiddenCase, { loaded, submission }: Pick<ActiveCandidate, 'loaded' | 'submission'>): HiddenTask => {
  const { content } = submission;
  const defined = loaded.hiddenCase(targetOf(content.device), item);
  try {
    return { kind: 'case', case: defined, plan: resolvePlanAt(content, item, loaded) };
  } catch (error) {
    if (error instanceof PlanError) return { kind: 'refused', field: error.field, message: error.message };
    throw error;
  }
};
