import { expect, test } from 'vitest';
import { scenarios } from '../../support/engine-scenario.ts';
import { WRONG } from '../../support/judgements.ts';

const { oneHost } = scenarios();
/** Sooner than where nobody says so. */
const FIRST_SECONDS = 5;

test('the first canary of a device comes so long after its first verdict as the settings say', async () => {
  const scenario = await oneHost(1, { canaryFirstSeconds: FIRST_SECONDS });
  await scenario.judging(1);
  scenario.judged(1, 1, WRONG);
  await scenario.after(1, 'done');
  await scenario.expect('box: ack 1.1');
  scenario.nowMs += 1000 * FIRST_SECONDS;
  await expect(scenario.skipTo('box: compile canary')).resolves.toBeUndefined();
  await scenario.skipAll();
});
