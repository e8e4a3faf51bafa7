/** The parts of a context that are the same for every agent of a problem on a device class: made once, shared by all. */
import type { DeviceClass } from '../../domain/device.ts';
import { CONTEXT_VERSION, type GenerationContext } from '../../domain/campaign/generation-context.ts';
import type { Language } from '../../domain/plan/plan.ts';
import { baselineOf } from '../../domain/problem.ts';
import type { Judging } from '../../domain/ports/kiln.ts';
import { examplesFor } from './examples.ts';
import { fenceLanguage, shownSide, type ShownSide } from '../../domain/text/side-text.ts';
import { contractFor } from '../../domain/text/contract-for.ts';
import { CONTRACT } from './contract.ts';
import { targetOf } from '../../problems/targets.ts';

export type SharedParts = Pick<
  GenerationContext,
  'version' | 'problem' | 'statement' | 'reference' | 'contract' | 'examples' | 'languages'
>;

/** Throws NOT_FOUND for an unknown problem. */
export const sharedPartsOf = (
  request: { readonly problem: string; readonly device: DeviceClass; readonly languages: readonly Language[] },
  judging: Pick<Judging, 'problem'>,
): SharedParts => {
  const own = judging.problem(request.problem);
  const code = own.problem[targetOf(request.device)];
  const reference = code ? shownSide(code.reference, own.files) : NOTHING;
  const baseline = code ? shownSide(baselineOf(code), own.files) : NOTHING;
  return {
    version: CONTEXT_VERSION,
    problem: own.problem,
    statement: statementOf({
      title: own.problem.title,
      readme: own.readme,
      description: own.problem.description,
      baseline,
      isReference: typeof code?.reference === 'object' && code.baseline === undefined,
    }),
    reference,
    contract: contractFor(CONTRACT, request.languages),
    examples: [...examplesFor(request.languages, own, (name) => judging.problem(name))],
    languages: [...request.languages],
  };
};

const NOTHING: ShownSide = { file: '', source: '' };

/** The baseline stands here because 1.00x means nothing without it. */
const statementOf = (parts: {
  readonly title: string;
  readonly readme: string;
  readonly description: string;
  readonly baseline: ShownSide;
  readonly isReference: boolean;
}): string => {
  const { title, readme, description, baseline, isReference } = parts;
  const text = readme.trim() === '' ? `# ${title}\n\n${description}` : readme.trim();
  if (baseline.source === '') return text;
  if (isReference) return `${text}\n\nThe baseline, 1.00x, is the reference itself: what a library makes of it.`;
  return `${text}\n\n## The baseline, 1.00x: ${baseline.file}\n\n\`\`\`${fenceLanguage(baseline.file)}\n${baseline.source.trim()}\n\`\`\``;
};
