/** What is submitted to have a candidate judged as another trial: all of it that steers or is measured, and its content. Pure. */
import type { SubmitCandidate } from '../../domain/api/candidates.ts';
import type { Candidate } from '../../domain/candidate.ts';

export const nextTrial = (
  { sourceBytes: _bytes, sweepId: _sweep, effort, trial, labels, ...rest }: Candidate['submission'],
  source: string,
): SubmitCandidate => ({
  ...rest,
  labels: [...labels],
  source,
  trial: trial + 1,
  ...(effort === undefined ? {} : { effort }),
});
