import type { Score } from './ranking.ts';

/** What may be held against other scores of device code: nothing of a program that was judged by its answers. */
export const comparedScore = (score: Score | null): Score | null => (score?.answers ? null : score);
