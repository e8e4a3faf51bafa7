/** Does what the scheduler decided: frames to hosts, rows to the store. One function for each effect. */
import { candidateIdOf } from '../domain/ids.ts';
import type { HostId } from '../domain/ids.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { RecordHolder } from '../domain/ranking/score.ts';
import type { Effect } from '../scheduler/effects.ts';
import { runCanary } from './canaries/canaries.ts';
import { onQuarantined, onTrusted } from './canaries/quarantine.ts';
import { askCompile, cancelCompile } from './compiling/compile-jobs.ts';
import { sendJudge } from './judging/dispatch.ts';
import type { EngineState } from './state.ts';
import type { Live } from './active-candidates.ts';
import type { Stage } from './telemetry/metrics.ts';
import { recordKeyOf } from './judging/record-key.ts';
import type { RecordKey } from './judging/record-holders.ts';
import { standingOf } from './judging/standing.ts';
import type { Standing } from './judging/standing.ts';

const THROUGHPUT_WINDOW_MS = 60_000;

type Of<T extends Effect['type']> = Extract<Effect, { type: T }>;

export const perform = (state: EngineState, effect: Effect): void => {
  switch (effect.type) {
    case 'compile':
      return askCompile(state, effect);
    case 'cancel-compile':
      return cancelCompile(state, effect);
    case 'judge':
      return sendJudge(state, effect);
    case 'retract':
      return onRetract(state, effect);
    case 'cancel':
      return onCancel(state, effect);
    case 'ack-stale':
      return void sessionOf(state, effect.hostId)?.ack(effect.attemptIds);
    case 'canary':
      return runCanary(state, effect);
    case 'trust':
      return onTrusted(state, effect);
    case 'quarantine':
      return onQuarantined(state, effect);
    case 'moved':
      return onMoved(state, effect);
    case 'requeued':
      return onRequeued(state, effect);
    case 'finished':
      return onFinished(state, effect);
  }
};

const sessionOf = (state: EngineState, hostId: HostId) => state.hosts.get(hostId)?.session;

/** An attempt whose pair is still being compiled never reached the runner: it is given back here. */
const onRetract = (state: EngineState, { hostId, attemptIds }: Of<'retract'>): void => {
  const host = state.hosts.get(hostId);
  if (!host) return;
  const unsent = attemptIds.filter((attemptId) => host.preparing.delete(attemptId));
  const sent = attemptIds.filter((attemptId) => !unsent.includes(attemptId));
  for (const attemptId of unsent) state.lives.get(candidateIdOf(attemptId))?.attempts.delete(attemptId);
  if (sent.length > 0) host.session.retract(sent);
  if (unsent.length > 0) state.apply({ type: 'retracted', hostId, attemptIds: unsent });
};

const onCancel = (state: EngineState, { hostId, attemptId }: Of<'cancel'>): void => {
  const host = state.hosts.get(hostId);
  if (!host?.preparing.delete(attemptId)) return void host?.session.cancel(attemptId);
  const result = { status: 'judged', outcome: { verdict: 'cancelled' } } as const;
  state.apply({ type: 'judged', hostId, attemptId, result, serviceMs: 0, confirm: null });
};

const onMoved = (state: EngineState, { id, state: next }: Of<'moved'>): void => {
  const live = state.lives.get(id);
  if (!live) return;
  enterStage(state, live, next.status);
  const facts =
    next.status === 'judging' || next.status === 'confirming' ? { deviceId: next.deviceId, attemptId: next.attemptId } : {};
  state.recorder.add({
    type: 'transition',
    transition: {
      candidateId: id,
      state: next,
      compileLog: live.compileLog,
      resources: live.resources,
      event: { type: `candidate.${next.status}`, candidateId: id, hostId: next.hostId, data: facts },
    },
  });
};

const enterStage = (state: EngineState, live: Live, stage: Stage): void => {
  const nowMs = state.monotonicMs();
  state.metrics.onStageLeft(live.stage, (nowMs - live.stageSinceMs) / 1000);
  live.stage = stage;
  live.stageSinceMs = nowMs;
};

const onRequeued = (state: EngineState, { id, reason, infra }: Of<'requeued'>): void => {
  const live = state.lives.get(id);
  if (!live) return;
  enterStage(state, live, 'queued');
  state.recorder.add({
    type: 'transition',
    transition: {
      candidateId: id,
      state: { status: 'queued' },
      infraFailure: infra,
      event: { type: 'candidate.requeued', candidateId: id, hostId: null, data: { reason, infra } },
    },
  });
};

const onFinished = (state: EngineState, { id, outcome, attemptId }: Of<'finished'>): void => {
  const live = state.lives.get(id);
  if (!live) return;
  const standing = standingOf(state.records, live, { outcome, attemptId });
  const { score } = standing;
  if (score) keepStanding(state, recordKeyOf(live, score.deviceModel), { candidateId: id, score }, standing);
  state.metrics.onStageLeft(live.stage, (state.monotonicMs() - live.stageSinceMs) / 1000);
  countVerdict(state, live, outcome);
  state.recorder.add({
    type: 'completion',
    completion: { candidateId: id, outcome, compileLog: live.compileLog, resources: live.resources, ...standing },
  });
  // The id is free for the scheduler at once; what is left of it waits for the commit.
  state.lives.delete(id);
};

/** The next candidate is held against this already, before it is written. */
const keepStanding = (state: EngineState, key: RecordKey, own: RecordHolder, { record, measuredAgain }: Standing): void => {
  if (record) state.records.set(key, own);
  else if (measuredAgain?.holder) state.records.set(key, measuredAgain.holder);
  if (measuredAgain) state.records.learn(key, measuredAgain.spread);
};

const countVerdict = (state: EngineState, live: Live, outcome: Outcome): void => {
  const nowMs = state.monotonicMs();
  state.metrics.onVerdict(live.submission.content.problem, outcome.verdict);
  state.verdictTimesMs.push(nowMs);
  while ((state.verdictTimesMs[0] ?? nowMs) < nowMs - THROUGHPUT_WINDOW_MS) state.verdictTimesMs.shift();
};
