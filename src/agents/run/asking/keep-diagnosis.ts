/** Keeps a diagnosis: durable first, then its proposals are there to be written. What is known already nobody is paid to write. */
import type { Generation, GenerationState } from '../../../domain/campaign/campaign.ts';
import { ideaOf, type Proposal } from '../../../domain/campaign/diagnosis.ts';
import type { DiagnosisAnswer } from '../../generator.ts';
import { ideaTag } from '../../search/elites.ts';
import type { Choice } from '../../search/entry.ts';
import { advance } from '../outcomes/advance.ts';
import { learnProposals } from '../outcomes/learn-proposals.ts';
import type { AskingRun } from '../state/campaign-run.ts';
import type { Target } from '../state/targets.ts';
import type { Assignment } from './assignment.ts';
import type { AskingDeps } from './asking-deps.ts';
import { keepFailure } from './keep-answer.ts';

interface Diagnosed {
  readonly generation: Generation;
  readonly answer: DiagnosisAnswer;
  readonly assignment: Assignment;
  /** What the proposals are to be. */
  readonly choice: Choice;
}

export const keepDiagnosis = async (
  run: AskingRun,
  deps: AskingDeps,
  { generation, answer, assignment, choice }: Diagnosed,
): Promise<void> => {
  const { target, generator } = assignment;
  const breaker = run.breakerOf(generation.generator);
  if (!answer.ok) {
    breaker.onFailure(answer.failure, answer.message, deps.monotonicMs());
    target.undiagnosed.add(generator.name);
    await keepFailure(run, deps, { generation, answer });
    return;
  }
  breaker.onAnswer();
  const { diagnosis, usage } = answer;
  const refused = refusedOf(target, choice, diagnosis.proposals);
  const state: GenerationState = {
    status: 'diagnosed',
    writer: generator.name,
    move: choice.move,
    diagnosis,
    implementations: generator.diagnosing?.implementations ?? 1,
    refused: [...refused],
  };
  if (refused.length === diagnosis.proposals.length) target.undiagnosed.add(generator.name);
  learnProposals(run, await advance(run, deps, { generation, state, idea: diagnosis.bottleneck, usage }));
};

type Refused = Extract<GenerationState, { status: 'diagnosed' }>['refused'];

/** All that is remembered of ideas: what is told to writers is a part of it. */
const MEMORY_ROWS = 256;

const refusedOf = ({ proposals, archive }: Target, { parents }: Choice, proposed: readonly Proposal[]): Refused => {
  const memory = archive.memory(MEMORY_ROWS);
  const tags = proposed.map((proposal) => ideaTag(ideaOf(proposal)));
  return proposed.flatMap((proposal, index) => {
    const isTwice = tags.indexOf(tags[index] ?? '') < index;
    const reason = isTwice ? 'proposed twice in one diagnosis' : proposals.refusalOf(proposal, parents, memory);
    return reason === null ? [] : [{ index, reason }];
  });
};
