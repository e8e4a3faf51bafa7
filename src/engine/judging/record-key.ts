import type { ActiveCandidate } from '../active-candidates.ts';
import type { RecordKey } from './record-holders.ts';

/** Where a candidate would hold the record if it ran on this model. */
export const recordKeyOf = (candidate: Pick<ActiveCandidate, 'submission'>, deviceModel: string): RecordKey => ({
  problem: candidate.submission.content.problem,
  problemVersion: candidate.submission.content.problemVersion,
  deviceModel,
});
