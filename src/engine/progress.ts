/** A candidate moves: its stage here, and its row and journal entry in the store. */
import type { Effect, MovedState } from '../scheduler/effects.ts';
import { secondsInStage } from './active-candidates.ts';
import type { ActiveCandidate, CandidateStage } from './active-candidates.ts';
import { goOnByAnswers } from './by-answers.ts';
import type { EngineState } from './state.ts';

type Of<T extends Effect['type']> = Extract<Effect, { type: T }>;
type Moving = Pick<EngineState, 'active' | 'metrics' | 'monotonicMs' | 'writeBehind'>;

export const onMoved = (state: Moving, { id, state: next }: Of<'moved'>): void => {
  const candidate = state.active.get(id);
  if (!candidate) return;
  enterStage(state, candidate, next.status);
  state.writeBehind.add({
    type: 'transition',
    transition: {
      candidateId: id,
      state: next,
      compileLog: candidate.compiled.log,
      resources: candidate.compiled.resources,
      event: { type: `candidate.${next.status}`, candidateId: id, hostId: next.hostId, data: factsOf(candidate, next) },
    },
  });
};

/** `compiledBy`: a compile host; absent where the code is of the host that judges it. */
const factsOf = ({ compiled: { by } }: ActiveCandidate, next: MovedState): Record<string, unknown> => {
  switch (next.status) {
    case 'compiling':
      return {};
    case 'ready':
      return by === null ? {} : { compiledBy: by };
    case 'judging':
    case 'confirming':
      return { deviceId: next.deviceId, attemptId: next.attemptId };
  }
};

const enterStage = (state: Moving, candidate: ActiveCandidate, stage: CandidateStage['name']): void => {
  const nowMs = state.monotonicMs();
  state.metrics.onStageLeft(candidate.stage.name, secondsInStage(candidate, nowMs));
  candidate.stage = stage === 'compiling' ? { name: stage, sinceMs: nowMs, job: null } : { name: stage, sinceMs: nowMs };
};

export const onRequeued = (state: Moving, { id, reason, infra, confirmOn, byAnswers }: Of<'requeued'>): void => {
  const candidate = state.active.get(id);
  if (!candidate) return;
  enterStage(state, candidate, 'queued');
  if (byAnswers) goOnByAnswers(state, candidate, { byAnswers, at: { state: { status: 'queued' }, hostId: null } });
  state.writeBehind.add({
    type: 'transition',
    transition: {
      candidateId: id,
      state: confirmOn === undefined ? { status: 'queued' } : { status: 'queued', confirmOn },
      infraFailure: infra,
      event: { type: 'candidate.requeued', candidateId: id, hostId: null, data: { reason, infra } },
    },
  });
};
