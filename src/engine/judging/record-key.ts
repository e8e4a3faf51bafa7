import type { Live } from '../active-candidates.ts';
import type { RecordKey } from './record-holders.ts';

/** Where a candidate would hold the record if it ran on this model. */
export const recordKeyOf = (live: Pick<Live, 'submission'>, deviceModel: string): RecordKey => ({
  problem: live.submission.content.problem,
  problemVersion: live.submission.content.problemVersion,
  deviceModel,
});
