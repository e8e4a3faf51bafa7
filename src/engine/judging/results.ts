/** What a judge's result does: it is evaluated, written down and told to the scheduler, and then acknowledged. */
import type { ByAnswers } from '../../domain/candidate.ts';
import type { Device } from '../../domain/device.ts';
import { type CandidateId, candidateIdOf } from '../../domain/ids.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { JudgeResult } from '../../domain/protocol.ts';
import type { RankingClass } from '../../domain/ranking/ranking.ts';
import type { FinishedAttempt } from '../../domain/attempt.ts';
import type { SchedulerEvent } from '../../scheduler/events.ts';
import type { ActiveCandidate, Attempt, Evaluation } from '../active-candidates.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { isToConfirm, wrongRecording } from '../by-answers.ts';
import { noteProof } from '../canaries/canaries.ts';
import { noteMade } from '../compiling/compiler-trust.ts';
import { forgetArtifacts } from '../compiling/known-compiles.ts';
import { type HostState, useOf } from '../host-state.ts';
import type { JudgingSlice } from '../state.ts';
import { takeBack } from '../take-back.ts';
import { DISTURBED_MAX } from './disturbance.ts';
import type { Pair } from './failed-pairs.ts';
import { evaluate } from './evaluate.ts';
import { rankingKeyOf } from './ranking-keys.ts';

/** Addresses are drawn among millions: by chance two clash hardly ever once, let alone so often. */
const CLASHES_MAX = 3;

const REASON_CHARS_MAX = 300;

type Judged = Extract<SchedulerEvent, { type: 'judged' }>;

export const onResult = (state: JudgingSlice, host: HostState, result: JudgeResult): void => {
  const candidate = state.active.get(candidateIdOf(result.attemptId));
  const device = host.devices.find(({ id }) => id === result.deviceId);
  // Nobody waits for it: the scheduler says so and it is acknowledged.
  if (!candidate || !device) return state.apply(judgedEvent(host, result, { evaluation: null, again: null, wrong: null }));
  const deviceUse = useOf(host, device.id);
  deviceUse.onGap(result.phases.idleGapMs);
  if (result.telemetry) deviceUse.onTelemetry(result.telemetry, state.now());
  state.metrics.onJudged(result);
  use(state, { host, candidate, device, result });
};

interface Result {
  readonly host: HostState;
  readonly candidate: ActiveCandidate;
  readonly device: Device;
  readonly result: JudgeResult;
}

const use = (state: JudgingSlice, { host, candidate, device, result }: Result): void => {
  const { hostId } = host.session;
  const { attemptId, infra } = result;
  const attempt = candidate.attempts.get(attemptId) ?? unknownAttempt(candidate);
  candidate.attempts.set(attemptId, attempt);
  const disturbance = result.outcome?.verdict === 'passed' ? state.usualClocks.disturbance(device.model, result.telemetry) : null;
  attempt.evaluation = evaluationOf(state, { candidate, device, attempt, result: marked(result, disturbance) });
  if (infra) noteInfra(state, { host, candidate, device }, infra);
  forgetArtifacts(state, host, { failure: infra, artifacts: attempt.artifacts });
  notePair(state, candidate, { attempt, infra });
  const wrong = attempt.evaluation && noVerdict(state, candidate, { attempt, outcome: attempt.evaluation.outcome });
  // A recording that is wrong tells nothing of its device: the program does other things for other inputs.
  if (attempt.evaluation && !wrong) noteOutcome(state, { host, candidate, device, madeBy: attempt.madeBy }, attempt.evaluation);
  state.writeBehind.add({ type: 'attempt', attempt: finishedAttemptOf(state, { host, candidate, device, result }, attempt) });
  const again = againFor(state, candidate, disturbance) ?? recordedAnew(candidate, infra);
  state.apply(judgedEvent(host, result, { evaluation: attempt.evaluation, again, wrong }));
  // Behind all that follows from it: once this is reached, the host may forget the result.
  state.writeBehind.add({ type: 'acknowledgement', hostId, attemptId });
};

/** Why its recording's outcome is no verdict of the program, which goes on by its answers; null where it is one. */
const noVerdict = (
  { rules }: Pick<JudgingSlice, 'rules'>,
  { submission }: ActiveCandidate,
  { attempt: { isByAnswers }, outcome }: { readonly attempt: Attempt; readonly outcome: Outcome },
): ByAnswers | null => (rules.timeToAnswers && submission.content.program && !isByAnswers ? wrongRecording(outcome) : null);

const marked = (result: JudgeResult, disturbance: string | null): JudgeResult =>
  disturbance === null || result.outcome?.verdict !== 'passed'
    ? result
    : { ...result, outcome: { ...result.outcome, disturbed: disturbance } };

/** Why it is measured again; null where its verdict stands, marked or not. */
const againFor = (state: JudgingSlice, candidate: ActiveCandidate, disturbance: string | null): string | null => {
  if (disturbance === null || candidate.disturbed >= DISTURBED_MAX) return null;
  candidate.disturbed += 1;
  state.metrics.onDisturbed();
  return `${disturbance}; it is measured again`;
};

/** Whoever holds a record and lets nothing come of its pairs is judged again. */
const notePair = (
  state: JudgingSlice,
  { id: challenger }: ActiveCandidate,
  { attempt: { mode, pairedWith, evaluation }, infra }: { readonly attempt: Attempt; readonly infra: JudgeResult['infra'] },
): void => {
  if (mode !== 'confirm' || !pairedWith) return;
  const pair = { holder: pairedWith.candidateId, challenger };
  if (evaluation) state.failedPairs.onMeasured(pair);
  if (infra?.code !== 'pair_failed') return;
  const ids = state.failedPairs.onFailed(pair);
  if (ids.length === 0) return;
  void judgeAgain(state, ids, { pair, why: infra.message });
};

const judgeAgain = async (
  state: JudgingSlice,
  ids: readonly CandidateId[],
  { pair, why }: { readonly pair: Pair; readonly why: string },
): Promise<void> => {
  const reason = `pairs with different challengers came to nothing by what a program did, at last: ${plainLine(why, REASON_CHARS_MAX)}`;
  try {
    const count = await takeBack(state, async () => state.store.rejudge(await passedAmong(state, ids), reason));
    state.failedPairs.forget(pair.holder);
    state.log.warn({ ...pair, candidates: count }, 'a record holder and who challenged it are judged again');
  } catch (error) {
    state.log.warn({ err: error, ...pair }, 'a record holder could not be judged again; the next pair that fails tries it');
  }
};

/** Who was cancelled meanwhile stays so. */
const passedAmong = async (
  { store }: Pick<JudgingSlice, 'store'>,
  ids: readonly CandidateId[],
): Promise<readonly CandidateId[]> =>
  (await store.sourced(ids)).flatMap(({ candidate: { id, state } }) =>
    state.status === 'done' && state.outcome.verdict === 'passed' ? [id] : [],
  );

/** Why it is judged again with its rival's recording at other addresses; null where that is not what failed, or did not help. */
const recordedAnew = (candidate: ActiveCandidate, infra: JudgeResult['infra']): string | null => {
  if (infra?.code !== 'addresses_clash' || candidate.clashes >= CLASHES_MAX) return null;
  candidate.clashes += 1;
  return `${infra.message}; it is judged again with another recording of whom it is paired with`;
};

/** Sent by an earlier life of the daemon, that did not come to write it down: behind a screening that asked for it, a confirmation. */
const unknownAttempt = (candidate: ActiveCandidate): Attempt => ({
  mode: isToConfirm(candidate) ? 'confirm' : 'screen',
  pairedWith: undefined,
  isByAnswers: undefined,
  madeBy: null,
  artifacts: [],
  evaluation: null,
});

const evaluationOf = (
  state: JudgingSlice,
  { candidate, device, attempt, result }: Omit<Result, 'host'> & { readonly attempt: Attempt },
): Evaluation | null => {
  if (!result.outcome) return null;
  const key = rankingKeyOf(candidate, device.model, classOfOutcome(result.outcome));
  const { mode, pairedWith } = attempt;
  const known = { holder: state.recordHolders.holder(key), spread: state.recordHolders.spread(key) };
  return evaluate(result.outcome, { candidate, device, mode, pairedWith, ...known });
};

/** As its times say, whatever was asked for. */
const classOfOutcome = (outcome: Outcome): RankingClass =>
  outcome.verdict === 'passed' && outcome.timings.some(({ answers }) => answers) ? 'program' : 'device';

const noteInfra = (
  state: JudgingSlice,
  { host, candidate, device }: Omit<Result, 'result'>,
  { code, message }: NonNullable<JudgeResult['infra']>,
): void => {
  state.metrics.onInfra(code);
  state.metrics.onHostInfra(host.session.hostId, 'judging');
  host.failures.note(
    { stage: 'judging', candidateId: candidate.id, deviceId: device.id, reason: `${code}: ${message}` },
    state.now(),
  );
};

const noteOutcome = (
  state: JudgingSlice,
  { host, candidate, device, madeBy }: Omit<Result, 'result'> & Pick<Attempt, 'madeBy'>,
  { outcome: { verdict } }: Evaluation,
): void => {
  if (verdict === 'cancelled') return;
  const { problem, language } = candidate.submission.content;
  const isRight = verdict === 'passed';
  const maker = (madeBy && state.hosts.get(madeBy)) ?? host;
  noteMade(state, maker, isRight ? null : { problem, language, hostId: host.session.hostId, deviceId: device.id });
  if (isRight) return noteProof(state, device, problem);
  const makers = new Set(host.canaries.suspects.get(device.id)?.makers);
  if (maker !== host) makers.add(maker.session.hostId);
  host.canaries.suspects.set(device.id, { problem, language, makers });
};

interface Came {
  readonly evaluation: Evaluation | null;
  readonly again: string | null;
  readonly wrong: ByAnswers | null;
}

const judgedEvent = (host: HostState, result: JudgeResult, { evaluation, again, wrong }: Came): Judged => ({
  type: 'judged',
  hostId: host.session.hostId,
  attemptId: result.attemptId,
  result:
    again !== null
      ? { status: 'disturbed', reason: again }
      : wrong !== null
        ? { status: 'otherwise', byAnswers: wrong }
        : evaluation
          ? { status: 'judged', outcome: evaluation.outcome }
          : reportOf(result),
  serviceMs: result.phases.totalMs,
  confirm: evaluation?.mustConfirm && evaluation.score ? { deviceModel: evaluation.score.deviceModel } : null,
});

const reportOf = ({ outcome, infra }: JudgeResult): Judged['result'] => {
  if (outcome) return { status: 'judged', outcome };
  return {
    status: 'infra',
    failure: infra ?? { code: 'internal', message: 'the runner gave neither outcome nor failure' },
  };
};

const finishedAttemptOf = (
  state: JudgingSlice,
  { host, candidate, device, result }: Result,
  { mode, evaluation, isByAnswers }: Attempt,
): FinishedAttempt => {
  const finishedAtMs = state.now();
  const outcome = evaluation?.outcome ?? null;
  return {
    attemptId: result.attemptId,
    hostId: host.session.hostId,
    deviceId: result.deviceId,
    deviceModel: device.model,
    mode,
    ...(candidate.submission.content.program && isByAnswers !== undefined
      ? { judgedBy: isByAnswers ? 'answers' : 'recording' }
      : {}),
    startedAt: new Date(finishedAtMs - result.phases.totalMs).toISOString(),
    finishedAt: new Date(finishedAtMs).toISOString(),
    verdict: outcome?.verdict ?? null,
    infra: result.infra ? `${result.infra.code}: ${result.infra.message}` : null,
    timings: outcome?.verdict === 'passed' ? outcome.timings : [],
    phases: result.phases,
    telemetry: result.telemetry,
  };
};
