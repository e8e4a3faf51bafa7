import type { GenerationContext } from '../../domain/campaign/generation-context.ts';

/** Everything in the prompt that an answer might repeat. */
export const shownSources = ({ parents, incumbent, examples, reference }: GenerationContext): readonly string[] => [
  ...parents.map(({ source }) => source),
  ...(incumbent === null ? [] : [incumbent.source]),
  ...examples.map(({ source }) => source),
  reference.source,
];

/** What edits are of: the candidate to better or to repair. */
export const baseOf = ({ parents: [first] }: Pick<GenerationContext, 'parents'>): string | null => first?.source ?? null;
