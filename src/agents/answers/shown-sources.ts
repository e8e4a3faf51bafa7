import type { GenerationContext } from '../../domain/campaign/generation-context.ts';

/** Everything in the prompt that an answer might repeat. */
export const shownSources = ({ parents, incumbent, examples, reference }: GenerationContext): readonly string[] => [
  ...parents.map(({ source }) => source),
  ...(incumbent === null ? [] : [incumbent.source]),
  ...examples.map(({ source }) => source),
  reference.source,
];
