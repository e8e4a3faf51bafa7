/** What a candidate measured; empty where it did not pass, or has no verdict yet. */
import type { Candidate } from './candidate.ts';
import type { CaseTiming } from './measurement.ts';

export const timingsOf = (candidate: Pick<Candidate, 'state'> | null): readonly CaseTiming[] =>
  candidate?.state.status === 'done' && candidate.state.outcome.verdict === 'passed' ? candidate.state.outcome.timings : [];
