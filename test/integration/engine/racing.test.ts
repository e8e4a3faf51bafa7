import { describe, expect, test } from 'vitest';
import type { EngineScenario } from '../../support/engine-scenario.ts';
import { scenarios } from '../../support/engine-scenario.ts';
import { passed, stoppedAt, WRONG } from '../../support/judgements.ts';

const { oneHost } = scenarios();
/** Two places matter. */
const PLACES = 2;

const judging = async (scenario: EngineScenario, n: number, changes: Parameters<EngineScenario['submit']>[1] = {}) => {
  await scenario.submit(n, changes);
  await scenario.skipTo(`box: compile ${n}`);
  scenario.host.compiled(n);
};

/** Candidate 1 is the record at 2.00x, candidate 2 stands second at 1.50x. */
const withFront = async (): Promise<EngineScenario> => {
  const scenario = await oneHost(1, { racingPlaces: PLACES });
  await scenario.judging(1);
  scenario.judged(1, 1, passed(2));
  await scenario.skipTo('box: judge 1.2 confirm');
  scenario.judged(1, 2, passed(2));
  await scenario.after(1, 'record');
  await judging(scenario, 2);
  await scenario.skipTo('box: judge 2.1 screen racing');
  scenario.judged(2, 1, passed(1.5));
  await scenario.after(2, 'done');
  await scenario.skipTo('box: ack 2.1');
  return scenario;
};

const places = async (scenario: EngineScenario): Promise<readonly string[]> =>
  (await scenario.ranking()).map(
    ({ candidateId, place, score }) => `${place}: ${scenario.numberOf(candidateId)}${score.stopped ? ' stopped' : ''}`,
  );

const withStopped = async (): Promise<EngineScenario> => {
  const scenario = await withFront();
  await judging(scenario, 3);
  await scenario.skipTo('box: judge 3.1 screen racing');
  scenario.judged(3, 1, stoppedAt(1.4));
  await scenario.expect('box: ack 3.1');
  await scenario.after(3, 'done');
  return scenario;
};

describe('a candidate is raced', () => {
  test('once somebody was timed to the end, and not before', async () => {
    // The first two are judged on the way: one without a race, one with places left.
    const scenario = await withFront();
    await judging(scenario, 3);
    await scenario.expect('box: judge 3.1 screen racing');
    expect(await places(scenario)).toEqual(['1: 1', '2: 2']);
  });

  test('unless somebody wants it timed to the end, or it is another trial', async () => {
    const scenario = await withFront();
    await judging(scenario, 3, { effort: 'full' });
    await scenario.expect('box: judge 3.1 screen');
    scenario.judged(3, 1, WRONG);
    await scenario.skipTo('box: ack 3.1');
    await judging(scenario, 4, { trial: 1 });
    await scenario.expect('box: judge 4.1 screen');
    expect(await scenario.history(4)).not.toContain('candidate.done');
  });

  test('in its screening alone: who may be the record is confirmed in full', async () => {
    const scenario = await withFront();
    await judging(scenario, 3);
    await scenario.skipTo('box: judge 3.1 screen racing');
    scenario.judged(3, 1, passed(3));
    await scenario.expect('box: judge 3.2 confirm against 1', 'box: ack 3.1');
    expect(await places(scenario)).toEqual(['1: 1', '2: 2']);
  });
});

describe('a candidate that was stopped early', () => {
  test('has passed, ranks below all that were timed to the end, and is not confirmed', async () => {
    const scenario = await withStopped();
    const { state, score } = await scenario.kiln.candidate(scenario.id(3));
    expect(state).toMatchObject({ status: 'done', outcome: { verdict: 'passed', stopped: { after: 'runs' } } });
    expect(score).toMatchObject({ speedup: 0.7, speedupHigh: 1.4, confirmed: false, stopped: { speedupMost: 1.4 } });
    expect(await places(scenario)).toEqual(['1: 1', '2: 2', '3: 3 stopped']);
  });

  test('moves no front: the next one has to reach as much as before', async () => {
    const scenario = await withStopped();
    await judging(scenario, 4);
    await scenario.expect('box: judge 4.1 screen racing');
    expect(await scenario.history(3)).not.toContain('candidate.reopened');
  });

  test('is judged again in full where it is submitted again with that effort', async () => {
    const scenario = await withStopped();
    await scenario.submit(3);
    await scenario.submit(3, { effort: 'full' });
    await scenario.expect('box: judge 3.2 screen');
    scenario.judged(3, 2, passed(1.4));
    await scenario.expect('box: ack 3.2');
    expect((await scenario.after(3, 'done')).score).toMatchObject({ speedup: expect.closeTo(1.4) as number });
    expect(await places(scenario)).toEqual(['1: 1', '2: 2', '3: 3']);
  });

  test('is judged again once a verdict that it was stopped against was taken back, and not given again', async () => {
    const scenario = await withStopped();
    const select = { ids: [scenario.id(2)] };
    await scenario.kiln.steer('rejudge', { select, dryRun: false, reason: 'somebody asked', priority: 1 });
    await scenario.expect('box: judge 2.2 screen racing');
    expect(await scenario.history(3)).not.toContain('candidate.reopened');
    scenario.judged(2, 2, WRONG);
    await scenario.skipTo('box: ack 2.2');
    // It is looked for now and then.
    scenario.nowMs += 2000;
    await scenario.skipTo('box: judge 3.2 screen racing');
    expect(await scenario.history(3)).toContain('candidate.reopened');
  });

  test('is judged again where a daemon starts whose front it could reach', async () => {
    const scenario = await withStopped();
    await scenario.stop();
    await scenario.begin({ racingPlaces: PLACES + 1 });
    scenario.host.connect();
    await scenario.skipTo('box: compile 3');
    scenario.host.compiled(3);
    await scenario.skipTo('box: judge 3.2 screen racing');
    expect(await scenario.history(3)).toContain('candidate.reopened');
  });
});
