/**
 * What a cheap question says before a candidate is written: what limits the kernel, and ideas in words that are worth writing. Kinds come from
 * fixed lists, so that reports can count them; the words are data, never instructions.
 */
import { z } from 'zod';
import { PlainText } from '../plain-text.ts';

export const PROPOSALS_MAX = 8;
export const IMPLEMENTATIONS_MAX = 4;
export const FINDING_CHARS_MAX = 600;
export const PROPOSAL_CHARS_MAX = 160;
export const REASON_CHARS_MAX = 400;

/** What limits a kernel most. */
export const BOTTLENECKS = [
  'memory-bandwidth',
  'memory-latency',
  'cache',
  'shared-memory',
  'compute',
  'tensor-cores',
  'instruction-issue',
  'occupancy',
  'synchronisation',
  'launch-overhead',
  'imbalance',
  'unknown',
] as const;

/** What kind of change an idea is. */
export const IDEA_TAGS = [
  'algorithm',
  'fusion',
  'fewer-passes',
  'tiling',
  'register-blocking',
  'vectorisation',
  'coalescing',
  'layout',
  'shared-memory',
  'async-copy',
  'pipelining',
  'prefetch',
  'tensor-cores',
  'warp-primitives',
  'warp-specialisation',
  'cluster',
  'persistence',
  'work-split',
  'occupancy',
  'unrolling',
  'instruction-mix',
  'precision',
  'cache-hints',
  'fewer-launches',
  'threads',
  'other',
] as const;

export const Bottleneck = z.enum(BOTTLENECKS);
export type Bottleneck = z.infer<typeof Bottleneck>;
export const IdeaTag = z.enum(IDEA_TAGS);
export type IdeaTag = z.infer<typeof IdeaTag>;

export const Proposal = z.strictObject({
  tag: IdeaTag,
  /** In a few words: what is to be changed, and how. */
  idea: PlainText.min(1).max(PROPOSAL_CHARS_MAX),
  why: PlainText.max(REASON_CHARS_MAX).default(''),
});
export type Proposal = z.infer<typeof Proposal>;

export const Diagnosis = z.strictObject({
  bottleneck: Bottleneck,
  finding: PlainText.max(FINDING_CHARS_MAX),
  proposals: z.array(Proposal).max(PROPOSALS_MAX),
});
export type Diagnosis = z.infer<typeof Diagnosis>;

/** As a proposal's candidates are called: the same for all that carry it out. */
export const ideaOf = ({ tag, idea }: Pick<Proposal, 'tag' | 'idea'>): string => `${tag}: ${idea}`;
