/** A context as a question for a diagnosis: the same material as for writing, and the same prefix, so that it is cached once for both. */
import { BOTTLENECKS, IDEA_TAGS } from '../../domain/campaign/diagnosis.ts';
import type { GenerationContext } from '../../domain/campaign/generation-context.ts';
import { type Prompt, promptOf } from './build-prompt.ts';
import type { Fence } from './fence.ts';

/** `proposals`: so many ideas are wanted at most. */
export const buildDiagnosisPrompt = (context: GenerationContext, proposals: number): Prompt =>
  promptOf(context, (_, fence) => diagnosisText(context, proposals, fence));

const diagnosisText = ({ move, proposed }: GenerationContext, proposals: number, fence: Fence): string =>
  [
    `Do not write a candidate yet: make a diagnosis. ${AIMS[move]}`,
    `bottleneck: what limits it most, one of ${BOTTLENECKS.join(', ')}. Go by the profile, the times and the floors of each case, then by the source.`,
    'finding: the numbers that say so.',
    `proposals: at most ${proposals} ideas, the most promising first, each with a tag of ${IDEA_TAGS.join(', ')}. Say in words what to change and how, so that somebody else can write it; each must differ from the others, from what was tried, and from what was proposed before.`,
    ...(proposed.length === 0
      ? []
      : ['Proposed before, and not to be paid for again:', fence.block('proposed', proposed.join('\n'))]),
  ].join('\n');

const AIMS: Readonly<Record<GenerationContext['move'], string>> = {
  new: 'Candidates are to be written from scratch: say what will limit them, and propose approaches that differ from what is shown.',
  improve: 'Say what limits the parent, and propose ideas that make it faster.',
  cross: 'Say what limits each of the parents, and propose how to join what is best in both.',
  repair: 'Say why it failed, and propose how to repair it.',
};
