import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { EngineScenario } from '../../support/engine-scenario.ts';
import { scenarios } from '../../support/engine-scenario.ts';
import { passed, WRONG } from '../../support/judgements.ts';

const { start } = scenarios();
const COMPILE_ERROR: Outcome = { verdict: 'compile_error', log: 'no' };

/** Candidate 1 keeps the one compile slot of `box` taken: what comes later is compiled by `helper`. */
const compiling = async (): Promise<EngineScenario> => {
  const scenario = await start({ box: 1, helper: 0 });
  scenario.at('box').connect();
  scenario.at('helper').connect({ inventory: { compileSlots: 4 } });
  await scenario.submit(1);
  await scenario.expect('box: compile 1');
  return scenario;
};

/** `helper` compiles it, and the device of `box` is given it. */
const byHelper = async (scenario: EngineScenario, n: number): Promise<void> => {
  const [box, helper] = [scenario.at('box'), scenario.at('helper')];
  await scenario.submit(n);
  await scenario.expect(`helper: compile ${n}`);
  helper.compiled(n);
  await scenario.expect(`helper: fetch ${n}`);
  helper.sends(n);
  await scenario.expect(`box: put ${n}`);
  box.stores();
  await scenario.skipTo(`box: judge ${n}.1 screen`);
};

const verdict = async (scenario: EngineScenario, n: number, outcome: Outcome): Promise<void> => {
  scenario.judged(n, 1, outcome, scenario.at('box'));
  await scenario.expect(`box: ack ${n}.1`);
};

/** The device of `box` passes its own, which is due as well. */
const devicePasses = async (scenario: EngineScenario): Promise<void> => {
  const box = scenario.at('box');
  scenario.nowMs += 30_000;
  await scenario.expect('box: compile canary', 'helper: compile canary');
  box.compiled('canary');
  await scenario.expect('box: judge canary.1 screen');
  box.canaryJudged(passed(1));
  await scenario.expect('box: ack canary.1');
};

/** What `helper` compiled is brought to `box` and judged there. */
const helperCompiles = async (scenario: EngineScenario): Promise<void> => {
  const [box, helper] = [scenario.at('box'), scenario.at('helper')];
  helper.compiled('canary');
  await scenario.expect('helper: fetch canary');
  helper.sends('canary');
  await scenario.expect('box: put canary');
  box.stores();
  await scenario.skipTo('box: judge canary.1 screen');
};

/** The same, compiled by `box`, comes to `control`. */
const helperFails = async (scenario: EngineScenario, control: Outcome): Promise<void> => {
  const box = scenario.at('box');
  box.canaryJudged(WRONG);
  await scenario.expect('box: compile canary', 'box: ack canary.1');
  box.compiled('canary');
  await scenario.expect('box: judge canary.1 screen');
  box.canaryJudged(control);
};

const quarantineOf = async (scenario: EngineScenario) =>
  (await scenario.kiln.fleet()).hosts.find(({ name }) => name === 'helper')?.compilerQuarantine;

const isQuarantined = async (scenario: EngineScenario): Promise<void> => {
  await byHelper(scenario, 2);
  await verdict(scenario, 2, WRONG);
  await scenario.after(2, 'done');
  await devicePasses(scenario);
  await helperCompiles(scenario);
  await helperFails(scenario, passed(1));
};

const cancelAll = async (scenario: EngineScenario, ...numbers: readonly number[]): Promise<void> => {
  for (const n of numbers) await scenario.cancel(n);
  await scenario.expect(...numbers.map((n) => `box: cancel compile ${n}`));
};

describe('a compile host whose code fails where the judging host’s own passes', () => {
  test('compiles nothing more; verdicts by its code are taken back, and what is under way is compiled elsewhere', async () => {
    const scenario = await compiling();
    const box = scenario.at('box');
    await byHelper(scenario, 2);
    await verdict(scenario, 2, WRONG);
    await scenario.after(2, 'done');
    await byHelper(scenario, 3);
    await scenario.submit(4);
    await scenario.expect('helper: compile 4');
    await devicePasses(scenario);
    await helperCompiles(scenario);
    await helperFails(scenario, passed(1));
    await scenario.skipTo('box: retract 3.1');
    box.retracted(scenario.attempt(3, 1));
    await scenario.after(2, 'reopened');
    await scenario.skipTo('box: compile 2');
    const again = await scenario.kiln.candidate(scenario.id(2));
    expect(again.judgedAgain).toMatchObject({ hostId: 'helper', deviceId: null, verdict: WRONG.verdict });
    expect(again.judgedAgain?.reason).toMatch('compiled by box itself it passed');
    expect(await quarantineOf(scenario)).toMatchObject({ failures: 1 });
    // Those of the device itself stand.
    const { hosts } = await scenario.kiln.fleet();
    expect(hosts.flatMap(({ devices }) => devices).map(({ quarantine }) => quarantine)).toEqual([null]);
    // Whatever was compiled before has another name now.
    box.compiled(2);
    await scenario.skipTo('box: judge 2.2 screen');
    scenario.judged(2, 2, WRONG);
    await scenario.expect('box: ack 2.2');
    expect(await scenario.after(2, 'done')).toMatchObject({ state: { outcome: WRONG } });
    await cancelAll(scenario, 1, 3, 4);
  });

  test('is asked again after a time, also after a restart, and compiles again once one passes', async () => {
    const scenario = await compiling();
    await isQuarantined(scenario);
    await scenario.skipTo('box: compile 2');
    await scenario.stop();
    await scenario.begin();
    scenario.at('box').connect();
    await scenario.skipTo('box: compile 1');
    scenario.at('helper').connect({ inventory: { compileSlots: 4 } });
    await scenario.skipTo('helper: compile canary');
    expect(await quarantineOf(scenario)).toMatchObject({ failures: 1 });
    await helperCompiles(scenario);
    scenario.at('box').canaryJudged(passed(1));
    await scenario.expect('box: ack canary.1');
    await scenario.until(async () => (await quarantineOf(scenario)) === null);
    await scenario.submit(5);
    await scenario.expect('helper: compile 5');
    for (const n of [1, 2, 5]) await scenario.cancel(n);
    await scenario.expect('box: cancel compile 1', 'box: cancel compile 2', 'helper: cancel compile 5');
  });

  test('compiles again when an operator says so', async () => {
    const scenario = await compiling();
    await isQuarantined(scenario);
    await scenario.skipTo('box: compile 2');
    expect(await scenario.kiln.resumeHost(scenario.at('helper').hostId)).toMatchObject({ devices: [], compiler: true });
    await scenario.submit(5);
    await scenario.expect('helper: compile 5');
    for (const n of [1, 2, 5]) await scenario.cancel(n);
    await scenario.expect('box: cancel compile 1', 'box: cancel compile 2', 'helper: cancel compile 5');
  });
});

test('a device that fails whoever compiled is the one to be looked at: the compile host goes on', async () => {
  const scenario = await compiling();
  const box = scenario.at('box');
  await byHelper(scenario, 2);
  await verdict(scenario, 2, WRONG);
  await devicePasses(scenario);
  await helperCompiles(scenario);
  await helperFails(scenario, WRONG);
  // The device’s own, at once.
  await scenario.expect('box: compile canary', 'box: ack canary.1');
  expect(await quarantineOf(scenario)).toBeNull();
  box.compiled('canary');
  await scenario.expect('box: judge canary.1 screen');
  box.canaryJudged(passed(1));
  await scenario.expect('box: ack canary.1');
  await cancelAll(scenario, 1);
});

test('what a compile host makes is tried on no device whose host takes no work now', async () => {
  const scenario = await start({ box: 1, second: 1, helper: 0 });
  const [box, second, helper] = [scenario.at('box'), scenario.at('second'), scenario.at('helper')];
  box.connect();
  helper.connect({ inventory: { compileSlots: 4 } });
  await scenario.submit(1);
  await scenario.expect('box: compile 1');
  await byHelper(scenario, 2);
  await verdict(scenario, 2, WRONG);
  second.connect();
  box.health('its disk is full');
  await scenario.skipTo('second: compile 1');
  scenario.nowMs += 30_000;
  await scenario.expect('helper: compile canary');
  helper.compiled('canary');
  await scenario.expect('helper: fetch canary');
  helper.sends('canary');
  await scenario.expect('second: put canary');
  expect(await quarantineOf(scenario)).toBeNull();
  await scenario.skipAll();
});

test('a compile host that refuses sources out of line is tried at once, and sources that it refused are compiled again', async () => {
  const scenario = await compiling();
  const [box, helper] = [scenario.at('box'), scenario.at('helper')];
  const refused = Array.from({ length: 16 }, (_, at) => at + 2);
  for (const n of refused) {
    await scenario.submit(n);
    await scenario.skipTo(`helper: compile ${n}`);
    helper.compileFails(n, COMPILE_ERROR);
    await scenario.after(n, 'done');
  }
  await scenario.skipTo('helper: compile canary');
  helper.compileFails('canary', COMPILE_ERROR);
  await scenario.skipTo('box: compile canary');
  box.compiled('canary');
  await scenario.skipTo('box: judge canary.1 screen');
  box.canaryJudged(passed(1));
  for (const n of refused) await scenario.until(async () => (await scenario.history(n)).includes('candidate.reopened'));
  expect(await quarantineOf(scenario)).toMatchObject({ failures: 1 });
  await scenario.skipAll();
});
