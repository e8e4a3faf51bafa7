/** Takes attempts back from their hosts. */
import { type AttemptId, candidateIdOf, type HostId } from '../../domain/ids.ts';
import type { Effect } from '../../scheduler/effects.ts';
import { connectedTo } from '../host-state.ts';
import type { JudgingSlice } from '../state.ts';

type Of<T extends Effect['type']> = Extract<Effect, { type: T }>;

/** An attempt whose pair is still being compiled never reached the runner: it is given back here. */
export const retractAttempts = (state: JudgingSlice, { hostId, attemptIds }: Of<'retract'>): void => {
  const host = state.hosts.get(hostId);
  const connection = host && connectedTo(host);
  if (!connection) return;
  const unsent = attemptIds.filter((attemptId) => connection.preparing.delete(attemptId));
  const sent = attemptIds.filter((attemptId) => !unsent.includes(attemptId));
  if (sent.length > 0) host.session.retract(sent);
  giveBack(state, hostId, unsent);
};

export const cancelAttempt = (state: JudgingSlice, { hostId, attemptId }: Of<'cancel'>): void => {
  const host = state.hosts.get(hostId);
  if (host && connectedTo(host)?.preparing.delete(attemptId)) giveBack(state, hostId, [attemptId]);
  else host?.session.cancel(attemptId);
};

/** No device has seen them: nothing is known of how long they take. */
const giveBack = (state: JudgingSlice, hostId: HostId, attemptIds: readonly AttemptId[]): void => {
  for (const attemptId of attemptIds) state.active.get(candidateIdOf(attemptId))?.attempts.delete(attemptId);
  if (attemptIds.length > 0) state.apply({ type: 'retracted', hostId, attemptIds });
};
