/** What a judge's result does: it is evaluated, written down and told to the scheduler, and then acknowledged. */
import type { Device } from '../../domain/device.ts';
import { candidateIdOf } from '../../domain/ids.ts';
import type { JudgeResult } from '../../domain/protocol.ts';
import type { AttemptRecord } from '../../domain/records.ts';
import type { SchedulerEvent } from '../../scheduler/events.ts';
import type { Attempt, Evaluation, Live } from '../active-candidates.ts';
import { noteProof } from '../canaries/canaries.ts';
import { forgetArtifacts } from '../compiling/known-compiles.ts';
import type { EngineState, HostState } from '../state.ts';
import { evaluate } from './evaluate.ts';
import { recordKeyOf } from './record-key.ts';

type Judged = Extract<SchedulerEvent, { type: 'judged' }>;

export const onResult = (state: EngineState, host: HostState, result: JudgeResult): void => {
  const live = state.lives.get(candidateIdOf(result.attemptId));
  const device = host.devices.find(({ id }) => id === result.deviceId);
  // Nobody waits for it: the scheduler says so and it is acknowledged.
  if (!live || !device) return state.apply(judgedEvent(host, result, null));
  host.use.get(device.id)?.onGap(result.phases.idleGapMs);
  state.metrics.onJudged(result);
  use(state, { host, live, device, result });
};

interface Result {
  readonly host: HostState;
  readonly live: Live;
  readonly device: Device;
  readonly result: JudgeResult;
}

const use = (state: EngineState, { host, live, device, result }: Result): void => {
  const { hostId } = host.session;
  const { attemptId, infra } = result;
  const attempt = live.attempts.get(attemptId) ?? unknownAttempt();
  live.attempts.set(attemptId, attempt);
  attempt.evaluation = evaluationOf(state, { live, device, attempt, result });
  if (infra) state.metrics.onInfra(infra.code);
  forgetArtifacts(state, host, { failure: infra, artifacts: attempt.artifacts });
  if (attempt.evaluation) noteOutcome(state, { host, live, device }, attempt.evaluation);
  state.recorder.add({ type: 'attempt', attempt: attemptRecordOf(state, { host, device, result }, attempt) });
  state.apply(judgedEvent(host, result, attempt.evaluation));
  // Behind all that follows from it: once this is reached, the host may forget the result.
  state.recorder.add({ type: 'acknowledgement', hostId, attemptId });
};

/** Sent by an earlier life of the daemon, that did not come to write it down. */
const unknownAttempt = (): Attempt => ({ mode: 'screen', pairedWith: undefined, artifacts: [], evaluation: null });

const evaluationOf = (
  state: EngineState,
  { live, device, attempt, result }: Omit<Result, 'host'> & { readonly attempt: Attempt },
): Evaluation | null => {
  if (!result.outcome) return null;
  const key = recordKeyOf(live, device.model);
  const { mode, pairedWith } = attempt;
  const known = { holder: state.records.holder(key), spread: state.records.spread(key) };
  return evaluate(result.outcome, { live, device, mode, pairedWith, ...known });
};

const noteOutcome = (
  state: EngineState,
  { host, live, device }: Omit<Result, 'result'>,
  { outcome: { verdict } }: Evaluation,
): void => {
  const { problem, language } = live.submission.content;
  if (verdict === 'passed') noteProof(state, device, problem);
  else host.suspects.set(device.id, { problem, language });
};

const judgedEvent = (host: HostState, result: JudgeResult, evaluation: Evaluation | null): Judged => ({
  type: 'judged',
  hostId: host.session.hostId,
  attemptId: result.attemptId,
  result: evaluation ? { status: 'judged', outcome: evaluation.outcome } : reportOf(result),
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

const attemptRecordOf = (
  state: EngineState,
  { host, device, result }: Omit<Result, 'live'>,
  { mode, evaluation }: Attempt,
): AttemptRecord => {
  const finishedAtMs = state.now();
  const outcome = evaluation?.outcome ?? null;
  return {
    attemptId: result.attemptId,
    hostId: host.session.hostId,
    deviceId: result.deviceId,
    deviceModel: device.model,
    mode,
    startedAt: new Date(finishedAtMs - result.phases.totalMs).toISOString(),
    finishedAt: new Date(finishedAtMs).toISOString(),
    verdict: outcome?.verdict ?? null,
    infra: result.infra ? `${result.infra.code}: ${result.infra.message}` : null,
    timings: outcome?.verdict === 'passed' ? outcome.timings : [],
    phases: result.phases,
    telemetry: result.telemetry,
  };
};
