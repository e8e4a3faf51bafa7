import type { Live } from './live-candidates.ts';
import type { RecordKey } from './records.ts';

/** Where a candidate would hold the record if it ran on this model. */
export const recordKeyOf = (live: Pick<Live, 'submission'>, deviceModel: string): RecordKey => ({
  problem: live.submission.content.problem,
  problemVersion: live.submission.content.problemVersion,
  deviceModel,
});
