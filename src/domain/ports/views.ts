/** Answers for those who look. `ViewReads` is the store's part, `Views` the engine's; the suites are those of the ports that hold them. */
import type { z } from 'zod';
import type { OriginView, PlanView, SubmitCandidate, SummariesQuery, SummaryList } from '../api/candidates.ts';
import type { Activity, ActivityList, ActivityQuery } from '../api/activity.ts';
import type { ProgressView, RecordList, RecordsQuery } from '../api/problems.ts';
import type { LanesQuery, LanesView } from '../api/lanes.ts';
import type { CandidateId } from '../ids.ts';

export interface ProgressQuery {
  readonly problem: string;
  readonly problemVersions: readonly string[];
}

/** Attempts that finished after `since` and not after `until`, in steps of so many milliseconds. */
export interface LaneSteps {
  readonly since: Date;
  readonly until: Date;
  readonly stepMs: number;
}

export interface ViewReads {
  lanes(steps: LaneSteps): Promise<Pick<LanesView, 'devices' | 'verdicts'>>;
  /** Oldest first; the newest where there are more than the limit. */
  activity(query: ActivityQuery): Promise<readonly Activity[]>;
  summaries(query: SummariesQuery): Promise<SummaryList>;
  records(query: RecordsQuery): Promise<RecordList['records']>;
  progress(query: ProgressQuery): Promise<ProgressView['models']>;
  /** Null where there is no such candidate. */
  origin(id: CandidateId): Promise<OriginView | null>;
}

/** Every method throws KilnError for what the caller did wrong. */
export interface Views {
  lanes(query: LanesQuery): Promise<LanesView>;
  activity(query: ActivityQuery): Promise<ActivityList>;
  summaries(query: SummariesQuery): Promise<SummaryList>;
  plan(id: CandidateId): Promise<PlanView>;
  /** Throws where the request itself is wrong, as `submit` does; a bad plan is an answer. */
  checkPlan(candidate: z.output<typeof SubmitCandidate>): PlanView;
  origin(id: CandidateId): Promise<OriginView>;
  records(query: RecordsQuery): Promise<RecordList>;
  progress(problem: string): Promise<ProgressView>;
}
