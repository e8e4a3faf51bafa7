import { expect, test } from 'vitest';
import { AttemptId } from '../../../src/domain/ids.ts';
import { sessionRig } from '../../support/host-session-rig.ts';
import { settled } from '../../support/manual-clock.ts';
import { taskOf } from '../../support/scripted-runner.ts';

const TASK = taskOf(AttemptId.parse(`c-${'0'.repeat(32)}.1`));
const OTHER = AttemptId.parse(`c-${'1'.repeat(32)}.1`);

test('plans are sent once a connection, and tasks name them', async () => {
  const { clock, transport, session, start, connect } = sessionRig();
  await start();
  expect(session.judge(TASK)).toBe(false);
  await connect();
  expect([session.judge(TASK), session.judge({ ...TASK, attemptId: OTHER })]).toEqual([true, true]);
  await settled();
  const { plans, ...rest } = TASK;
  const key: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);
  const expected = [
    { type: 'plans', key, plans },
    { type: 'judge', task: { ...rest, plansKey: key } },
  ];
  expect(transport.last.received.slice(2)).toEqual([
    ...expected,
    { type: 'judge', task: { ...rest, attemptId: OTHER, plansKey: key } },
  ]);
  transport.last.stream.destroy();
  await settled();
  await clock.advance(1000);
  await connect();
  session.judge(TASK);
  await settled();
  expect(transport.last.received.slice(2)).toEqual(expected);
});

test('a hidden case goes beside the task, for the judge alone to read', async () => {
  const { transport, session, start, connect } = sessionRig();
  await start();
  await connect();
  const hidden = { kind: 'refused', field: 'launch[0].grid[0]', message: 'case hidden(n=5): too few' } as const;
  session.judge({ ...TASK, hidden });
  session.judge(TASK);
  await settled();
  const [, judge] = transport.last.received.slice(2);
  expect(judge).not.toHaveProperty('task.hidden');
  const [, beside, none] = transport.last.payloads.slice(2);
  expect([JSON.parse(String(beside)), none?.length]).toEqual([hidden, 0]);
});
