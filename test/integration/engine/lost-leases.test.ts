import { expect, test } from 'vitest';
import { scenarios } from '../../support/engine-scenario.ts';

const { oneHost } = scenarios();

test('a daemon that crashed after it sent an attempt, with neither that nor its lease on the disk, gives that attempt’s id to no other', async () => {
  const scenario = await oneHost();
  await scenario.submit(1);
  await scenario.expect('box: compile 1');
  void scenario.hold('commits');
  scenario.host.compiled(1);
  await scenario.expect('box: problem scale', 'box: judge 1.1 screen');
  await scenario.crash();
  await scenario.loseLeases();
  scenario.nowMs += 1000;
  await scenario.begin();
  await scenario.connect();
  await scenario.expect('box: compile 1');
  scenario.host.compiled(1);
  await scenario.expect('box: problem scale', 'box: judge 1.11 screen');
  const { state } = await scenario.after(1, 'judging');
  expect(state).toMatchObject({ attemptId: scenario.attempt(1, 11) });
});
