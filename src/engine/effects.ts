/** Does what the scheduler decided. One function for each effect, in the room that it belongs to. */
import type { Effect } from '../scheduler/effects.ts';
import { runCanary } from './canaries/canaries.ts';
import { onQuarantined, onQuarantineKept, onTrusted } from './canaries/quarantine.ts';
import { suspectMakers } from './compiling/compiler-trust.ts';
import { askCompile, cancelCompile } from './compiling/compile-jobs.ts';
import { sendJudge } from './judging/dispatch.ts';
import { onFinished } from './judging/verdicts.ts';
import { cancelAttempt, retractAttempts } from './judging/withdrawals.ts';
import { onMoved, onRequeued } from './progress.ts';
import { noteDeviceStates } from './hosts/device-states.ts';
import { onReleased } from './steering/released.ts';
import type { EngineState } from './state.ts';

export const executeEffect = (state: EngineState, effect: Effect): void => {
  switch (effect.type) {
    case 'compile':
      return askCompile(state, effect);
    case 'cancel-compile':
      return cancelCompile(state, effect);
    case 'judge':
      return sendJudge(state, effect);
    case 'retract':
      return retractAttempts(state, effect);
    case 'cancel':
      return cancelAttempt(state, effect);
    case 'ack-stale':
      return void state.hosts.get(effect.hostId)?.session.ack(effect.attemptIds);
    case 'canary':
    case 'trust':
    case 'quarantine':
    case 'quarantine-held':
      return ofTrust(state, effect);
    case 'moved':
      return onMoved(state, effect);
    case 'requeued':
      return onRequeued(state, effect);
    case 'released':
      return onReleased(state, effect);
    case 'finished':
      return onFinished(state, effect);
  }
};

type OfTrust = Extract<Effect, { type: 'canary' | 'trust' | 'quarantine' | 'quarantine-held' }>;

/** The states of the host's devices follow. */
const ofTrust = (state: EngineState, effect: OfTrust): void => {
  if (effect.type === 'canary') askCanary(state, effect);
  if (effect.type === 'trust') onTrusted(state, effect);
  if (effect.type === 'quarantine') onQuarantined(state, effect);
  if (effect.type === 'quarantine-held') onQuarantineKept(state, effect);
  const host = state.hosts.get(effect.hostId);
  if (host) noteDeviceStates(state, host);
};

/** What many refused verdicts show may be the device, or who compiled what it refused: both are tried. */
const askCanary = (state: EngineState, effect: Extract<Effect, { type: 'canary' }>): void => {
  const makers = state.hosts.get(effect.hostId)?.canaries.suspects.get(effect.deviceId)?.makers;
  runCanary(state, effect);
  if (effect.suspicion !== null && makers) suspectMakers(state, makers);
};
