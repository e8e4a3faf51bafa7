/** Everything that is known of a candidate, gathered. */
import type { PlanView } from '../../domain/api/candidates.ts';
import type { RankingView } from '../../domain/api/problems.ts';
import type { Candidate } from '../../domain/candidate.ts';
import { KilnError } from '../../domain/errors.ts';
import type { LibraryTime } from '../../domain/library.ts';
import type { CaseTiming } from '../../domain/measurement.ts';
import { timingsOf } from '../../domain/passed-timings.ts';
import type { Problem } from '../../domain/problem.ts';
import { comparedScore } from '../../domain/ranking/compared-score.ts';
import { classOf, type Score } from '../../domain/ranking/ranking.ts';
import { statusText } from '../../domain/text/describe.ts';
import { libraryOn, librarySource } from '../../domain/text/library-text.ts';
import { untrusted } from '../../domain/text/untrusted.ts';
import { plainLine } from '../../platform/printable-text.ts';
import type { McpKiln } from '../mcp-kiln.ts';
import type { CandidateData } from './candidate-data.ts';
import { casesOf, rounded } from './case-data.ts';
import { failureDataOf } from './failure-data.ts';
import { PLACES_READ, standingOf } from './standing.ts';
import { timeDataOf } from './time-data.ts';

export interface Beside {
  readonly duplicate?: string | undefined;
  readonly withSource?: boolean;
}

export const candidateAnswer = async (kiln: McpKiln, candidate: Candidate, beside: Beside = {}): Promise<CandidateData> => {
  const { id, submission, state } = candidate;
  const source = beside.withSource === true ? (await kiln.source(id)).source : null;
  const known = {
    id,
    problem: submission.problem,
    device: submission.device,
    language: submission.language,
    params: submission.params,
    ...(submission.trial === 0 ? {} : { trial: submission.trial }),
    status: state.status,
    ...(beside.duplicate === undefined ? {} : { duplicate: beside.duplicate }),
    ...(candidate.byAnswers === null ? {} : { byAnswers: plainLine(candidate.byAnswers.reason, 600) }),
    ...(source === null ? {} : { source: untrusted(`Its source (${submission.language})`, source) }),
  };
  if (state.status !== 'done') return { ...known, verdict: null, ...(await waitingOf(kiln, candidate)) };
  const { outcome } = state;
  const passed = outcome.verdict === 'passed';
  const ranking = candidate.score === null ? null : await rankingOf(kiln, candidate, candidate.score);
  return {
    ...known,
    verdict: outcome.verdict,
    ...(candidate.score === null ? {} : scoreOf(candidate, candidate.score, ranking)),
    ...(passed ? await timesOf(kiln, candidate, ranking) : {}),
    ...failureDataOf(outcome, candidate.compileLog, passed ? null : await problemOf(kiln, submission.problem)),
    ...(candidate.resources === null ? {} : { resources: candidate.resources }),
    ...(candidate.attempts.length === 0 ? {} : { judged: candidate.attempts.map(attemptText) }),
    next: passed ? NEXT_PASSED : NEXT_FAILED,
  };
};

/** Of one that passed. */
const timesOf = async (
  kiln: McpKiln,
  candidate: Candidate,
  ranking: RankingView | null,
): Promise<Pick<CandidateData, 'cases' | 'library'>> => {
  const plan = await orNull(kiln.plan(candidate.id));
  const library = await libraryFor(kiln, candidate);
  const record = await recordTimings(kiln, candidate, ranking);
  return {
    cases: casesOf(timingsOf(candidate), { plan, library, record }),
    ...(library === null ? {} : { library: librarySource(library) }),
  };
};

const NEXT_PASSED =
  'Make it faster: the case with the lowest floorShare has most to gain. profile_candidate says what limits it, compare measures two candidates in pairs, sweep tries its params.';
const NEXT_FAILED = 'Repair what the failure says and submit again.';

const rankingOf = async (
  kiln: McpKiln,
  { submission: { problem, device } }: Candidate,
  score: Score,
): Promise<RankingView | null> =>
  orNull<RankingView>(kiln.ranking(problem, { device, class: classOf(score), limit: PLACES_READ }));

/** Of its problem on the same model. */
const libraryFor = async (kiln: McpKiln, { submission, score }: Candidate): Promise<LibraryTime | null> => {
  const compared = comparedScore(score);
  return compared && libraryOn((await orNull(kiln.library(submission.problem)))?.models ?? [], compared.deviceModel);
};

/** Of who holds the record on the same model; none where that is itself. */
const recordTimings = async (
  kiln: McpKiln,
  { id, score }: Candidate,
  ranking: RankingView | null,
): Promise<readonly CaseTiming[]> => {
  const entries = ranking?.models.find(({ deviceModel }) => deviceModel === score?.deviceModel)?.entries ?? [];
  const holder = entries.find(({ record, candidateId }) => record && candidateId !== id);
  return holder ? timingsOf(await orNull(kiln.candidate(holder.candidateId))) : [];
};

const scoreOf = (candidate: Candidate, score: Score, ranking: RankingView | null): Partial<CandidateData> => ({
  speedup: rounded(score.speedup),
  speedupLow: rounded(score.speedupLow),
  speedupHigh: rounded(score.speedupHigh),
  ranksAs: rounded(score.rankKey),
  ...timeDataOf(score),
  ...(score.floorShare === null ? {} : { floorShare: rounded(score.floorShare) }),
  deviceModel: score.deviceModel,
  standing: standingOf(candidate, score, ranking?.models ?? []),
});

const waitingOf = async (kiln: McpKiln, { id, state, paused }: Candidate): Promise<Pick<CandidateData, 'waiting' | 'next'>> => {
  const why = await kiln.why(id);
  const pause = paused === null ? '' : '; it is paused';
  return {
    waiting: {
      reason: `${statusText(state)}: ${plainLine(why.summary, 600)}${pause}`,
      ...(why.todo === null ? {} : { todo: plainLine(why.todo, 600) }),
      ...(why.eta === null ? {} : { etaSeconds: rounded(why.eta.seconds) }),
    },
    next: 'It is not judged yet and is not lost: call wait_for_verdict with this id.',
  };
};

const attemptText = ({ hostId, deviceModel, mode, judgedBy, verdict, infra }: Candidate['attempts'][number]): string =>
  `${mode === 'screen' ? 'judged' : 'confirmed'}${judgedBy === undefined ? '' : ` by its ${judgedBy}`} on ${deviceModel} (${hostId}): ${verdict ?? `not the candidate's failure: ${plainLine(infra ?? 'unknown')}`}`;

const problemOf = async (kiln: McpKiln, name: string): Promise<Problem | null> =>
  (await orNull(kiln.problem(name)))?.problem ?? null;

/** A problem, or a plan for it, that is not there any more. */
const orNull = async <T extends RankingView | PlanView | object>(asked: Promise<T>): Promise<T | null> => {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof KilnError && !error.retryable) return null;
    throw error;
  }
};
