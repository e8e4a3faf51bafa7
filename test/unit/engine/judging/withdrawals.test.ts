import { expect, test } from 'vitest';
import { AttemptId, candidateIdOf, HostId } from '../../../../src/domain/ids.ts';
import type { HostSession } from '../../../../src/domain/ports/host-session.ts';
import type { Bundles } from '../../../../src/engine/compiling/bundles.ts';
import { newConnection } from '../../../../src/engine/host-state.ts';
import { createHost } from '../../../../src/engine/hosts/create-host.ts';
import { cancelAttempt } from '../../../../src/engine/judging/withdrawals.ts';
import type { JudgingSlice } from '../../../../src/engine/state.ts';
import type { SchedulerEvent } from '../../../../src/scheduler/events.ts';

const hostId = HostId.parse('box');
const attemptId = AttemptId.parse(`c-${'a'.repeat(32)}.1`);

/** `isPreparing`: what it is to be paired with is still being compiled. */
const cancelled = (isPreparing: boolean) => {
  const asked: string[] = [];
  const applied: SchedulerEvent[] = [];
  const session = { hostId, labels: [], cancel: (id: string) => asked.push(id) > 0 } as Partial<HostSession> as HostSession;
  const host = createHost(session, {} as Bundles);
  const connection = newConnection([]);
  host.connection = connection;
  if (isPreparing) connection.preparing.add(attemptId);
  const attempts = new Map([[attemptId, {}]]);
  const state = {
    hosts: new Map([[hostId, host]]),
    active: new Map([[candidateIdOf(attemptId), { attempts }]]),
    apply: (event: SchedulerEvent) => applied.push(event),
  } as unknown as JudgingSlice;
  cancelAttempt(state, { type: 'cancel', hostId, attemptId });
  return { asked, applied, attempts: attempts.size };
};

test('an attempt that no device has seen is given back when it is cancelled, and says nothing of how long judgements take', () => {
  expect(cancelled(true)).toEqual({ asked: [], applied: [{ type: 'retracted', hostId, attemptIds: [attemptId] }], attempts: 0 });
});

test('one that its host has is cancelled there', () => {
  expect(cancelled(false)).toEqual({ asked: [attemptId], applied: [], attempts: 1 });
});
