import { describe, expect, test } from 'vitest';
import { HoldHost, ReleaseHost } from '../../../src/domain/hosts/hold.ts';
import type { EngineScenario } from '../../support/engine-scenario.ts';
import { scenarios } from '../../support/engine-scenario.ts';
import { infra, passed, WRONG } from '../../support/judgements.ts';

const { start, oneHost } = scenarios();
const BY = 'ada (operator) from 127.0.0.1';
const MEMORY = { volatileCorrected: 0, volatileUncorrected: 1, aggregateCorrected: 3, aggregateUncorrected: 2 };

const conditions = async (scenario: EngineScenario) =>
  (await scenario.kiln.fleet()).hosts.flatMap(({ devices }) => devices.map(({ condition }) => condition));
const stateOf = async (scenario: EngineScenario, at = 0) => (await conditions(scenario))[at];
const changes = async (scenario: EngineScenario) =>
  (await scenario.kiln.events({ after: 0, limit: 1000 }))
    .filter(({ type }) => type === 'device.state')
    .map(({ hostId, data }) => `${hostId} ${String(data['before'])} -> ${String(data['state'])}`);

const requeued = async (scenario: EngineScenario, n: number): Promise<number> =>
  (await scenario.history(n)).filter((type) => type === 'candidate.requeued').length;

const canaryPasses = async (scenario: EngineScenario, host: string): Promise<void> => {
  await scenario.skipTo(`${host}: compile canary`);
  scenario.at(host).compiled('canary');
  await scenario.skipTo(`${host}: judge canary.1 screen`);
  scenario.at(host).canaryJudged(passed(1));
  await scenario.skipTo(`${host}: ack canary.1`);
};

describe('a device with a fault that no candidate can bring about', () => {
  test('takes no work, says why and since when, has its verdicts judged again, and comes back on probation', async () => {
    const scenario = await start({ near: 1, far: 1 });
    const [near, far] = [scenario.at('near'), scenario.at('far')];
    near.connect();
    near.reads({});
    await scenario.submit(1);
    await scenario.skipTo('near: compile 1');
    near.compiled(1);
    await scenario.skipTo('near: judge 1.1 screen');
    scenario.judged(1, 1, WRONG, near);
    await scenario.after(1, 'done');
    expect(await stateOf(scenario)).toMatchObject({ state: 'healthy', reason: null });
    far.connect();
    near.reads({ ecc: MEMORY });
    await scenario.until(async () => (await stateOf(scenario))?.state === 'quarantined');
    expect(await stateOf(scenario)).toMatchObject({ needsPerson: true, since: '2026-01-01T00:00:00.000Z' });
    expect((await stateOf(scenario))?.reason).toMatch(/1 uncorrectable ECC errors/);
    // What it said since it was last known to be right is judged elsewhere.
    await scenario.skipTo('far: compile 1');
    expect((await scenario.kiln.candidate(scenario.id(1))).judgedAgain).toMatchObject({ hostId: 'near', verdict: WRONG.verdict });
    expect(await scenario.kiln.metrics()).toMatch(/kiln_device_state\{host="near",device="GPU-near-0",state="quarantined"\} 1/u);
    // It was reset: the counters begin anew.
    near.reads({ ecc: { ...MEMORY, volatileUncorrected: 0, aggregateUncorrected: 1 } });
    await canaryPasses(scenario, 'near');
    await scenario.until(async () => (await stateOf(scenario))?.state === 'probation');
    for (let n = 0; n < 3; n += 1) {
      scenario.nowMs += 10_000;
      await canaryPasses(scenario, 'near');
    }
    await scenario.until(async () => (await changes(scenario)).length === 3);
    expect(await changes(scenario)).toEqual([
      'near healthy -> quarantined',
      'near quarantined -> probation',
      'near probation -> healthy',
    ]);
    await scenario.skipAll();
  });

  test('whose verdicts it does not spoil keeps them: NVML that hangs', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    scenario.judged(1, 1, WRONG);
    await scenario.after(1, 'done');
    scenario.host.reads({}, { nvml: 'hangs', message: 'no answer within 30 s', devices: [] });
    await scenario.until(async () => (await stateOf(scenario))?.state === 'quarantined');
    await scenario.submit(2);
    expect((await scenario.kiln.why(scenario.id(2))).devices[0]?.reason).toMatch(/NVML does not answer/);
    expect(await scenario.history(1)).not.toContain('candidate.reopened');
    await scenario.cancel(2);
    await scenario.skipAll();
  });

  test('that an operator takes back as it is works, until it gets worse', async () => {
    const scenario = await oneHost();
    scenario.host.reads({});
    scenario.host.reads({ remappedRows: { correctable: 0, uncorrectable: 1, pending: true, failed: false } });
    await scenario.until(async () => (await stateOf(scenario))?.state === 'quarantined');
    await scenario.kiln.releaseHost(scenario.host.hostId, ReleaseHost.parse({ reason: 'it waits for the night' }), BY);
    scenario.host.reads({ remappedRows: { correctable: 0, uncorrectable: 1, pending: true, failed: false } });
    expect((await stateOf(scenario))?.state).toBe('probation');
    scenario.host.reads({ remappedRows: { correctable: 0, uncorrectable: 2, pending: true, failed: true } });
    await scenario.until(async () => (await stateOf(scenario))?.state === 'quarantined');
    await scenario.skipAll();
  });
});

test('symptoms that candidates bring about move nothing: what they make the driver say, and how often they fail', async () => {
  const scenario = await oneHost();
  scenario.host.reads({});
  scenario.host.reads({ xids: [13, 31, 43, 45].map((code) => ({ code, count: 500 })) });
  await scenario.judging(1);
  scenario.judged(1, 1, WRONG);
  await scenario.after(1, 'done');
  expect(await stateOf(scenario)).toMatchObject({ state: 'healthy' });
  expect(await changes(scenario)).toEqual([]);
  await scenario.skipAll();
});

test('a device whose attempts fail out of line is suspect, and works on until its own known-good candidates cannot be judged', async () => {
  const scenario = await oneHost(1, { infraRetries: 100 });
  await scenario.judging(1);
  for (let attempt = 1; attempt <= 16; attempt += 1) {
    scenario.judged(1, attempt, infra('worker_died'));
    await scenario.until(async () => (await requeued(scenario, 1)) === attempt);
    if ((await stateOf(scenario))?.state === 'suspect') break;
    // The wait before the only host is tried again doubles.
    scenario.nowMs += 1_000 * 2 ** attempt;
    await scenario.skipTo(`box: judge 1.${attempt + 1} screen`);
  }
  expect(await stateOf(scenario)).toMatchObject({ state: 'suspect', needsPerson: false });
  expect((await stateOf(scenario))?.reason).toMatch(/at no fault of the candidates/);
  for (let canary = 1; canary <= 3; canary += 1) {
    await scenario.skipTo('box: compile canary');
    scenario.host.compileFails('canary', infra('worker_died'));
    await scenario.until(async () => (await scenario.kiln.metrics()).includes(`result="inconclusive"} ${canary}\n`));
    scenario.nowMs += 10_000;
  }
  await scenario.until(async () => (await stateOf(scenario))?.state === 'quarantined');
  expect((await stateOf(scenario))?.reason).toMatch(/cannot be judged there \(worker_died/);
  await scenario.skipAll();
});

describe('where more than half of a class would be out', () => {
  test('nothing more is taken out, a person is asked for, and what was said meanwhile is judged again once that person decides', async () => {
    const scenario = await start({ a: 1, b: 1 });
    const [a, b] = [scenario.at('a'), scenario.at('b')];
    a.connect();
    b.connect();
    for (const host of [a, b]) host.reads({});
    a.reads({ ecc: MEMORY });
    await scenario.until(async () => (await stateOf(scenario, 0))?.state === 'quarantined');
    b.reads({ ecc: MEMORY });
    await scenario.until(async () => (await stateOf(scenario, 1))?.needsPerson === true);
    expect(await stateOf(scenario, 1)).toMatchObject({ state: 'suspect' });
    expect((await stateOf(scenario, 1))?.reason).toMatch(/more than half of its class would be out/);
    await scenario.submit(1);
    await scenario.skipTo('b: compile 1');
    b.compiled(1);
    await scenario.skipTo('b: judge 1.1 screen');
    scenario.judged(1, 1, WRONG, b);
    await scenario.after(1, 'done');
    await scenario.kiln.holdHost(b.hostId, HoldHost.parse({ state: 'quarantined', reason: 'both had the same bad day' }), BY);
    await scenario.after(1, 'reopened');
    expect(await stateOf(scenario, 1)).toMatchObject({ state: 'quarantined', needsPerson: false });
    await scenario.skipAll();
  });
});

describe('a verdict made under a brake', () => {
  const BRAKED = { throttleReasons: ['hw_thermal_slowdown'] };

  test('does not count: it is measured again, elsewhere first', async () => {
    const scenario = await start({ near: 1, far: 1 });
    const [near, far] = [scenario.at('near'), scenario.at('far')];
    near.connect();
    await scenario.submit(1);
    await scenario.skipTo('near: compile 1');
    near.compiled(1);
    await scenario.skipTo('near: judge 1.1 screen');
    far.connect();
    await scenario.until(async () => (await scenario.kiln.fleet()).hosts[1]?.state === 'connected');
    near.judged(scenario.attempt(1, 1), passed(2), BRAKED);
    await scenario.skipTo('far: compile 1');
    await scenario.until(async () => (await requeued(scenario, 1)) === 1);
    far.compiled(1);
    await scenario.skipTo('far: judge 1.2 screen');
    scenario.judged(1, 2, WRONG, far);
    expect(await scenario.after(1, 'done')).toMatchObject({ infraFailures: 0, state: { outcome: WRONG } });
    await scenario.skipAll();
  });

  test('stands marked, without the record, where each time was so', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    for (const attempt of [1, 2]) {
      scenario.host.judged(scenario.attempt(1, attempt), passed(2), BRAKED);
      await scenario.until(async () => (await requeued(scenario, 1)) === attempt);
      scenario.nowMs += 1_000;
      await scenario.skipTo(`box: judge 1.${attempt + 1} screen`);
    }
    scenario.host.judged(scenario.attempt(1, 3), passed(2), BRAKED);
    const { state, score } = await scenario.after(1, 'done');
    expect(state).toMatchObject({
      outcome: { verdict: 'passed', disturbed: 'its clocks were held down by hw_thermal_slowdown' },
    });
    expect(score).toMatchObject({ confirmed: false });
    expect((await scenario.ranking()).map(({ record }) => record)).toEqual([false]);
    await scenario.skipAll();
  });

  test('so is one at another clock than is usual for the model; not where the work itself needs the power', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    scenario.host.judged(scenario.attempt(1, 1), WRONG, { smClockMhz: 1980, throttleReasons: [] });
    await scenario.after(1, 'done');
    await scenario.submit(2);
    await scenario.skipTo('box: compile 2');
    scenario.host.compiled(2);
    await scenario.skipTo('box: judge 2.1 screen');
    scenario.host.judged(scenario.attempt(2, 1), passed(2), { smClockMhz: 1980, throttleReasons: [] });
    await scenario.skipTo('box: judge 2.2 confirm');
    scenario.host.judged(scenario.attempt(2, 2), passed(2), { smClockMhz: 1300, throttleReasons: ['sw_power_cap'] });
    await scenario.after(2, 'record');
    await scenario.submit(3);
    await scenario.skipTo('box: compile 3');
    scenario.host.compiled(3);
    await scenario.skipTo('box: judge 3.1 screen');
    scenario.host.judged(scenario.attempt(3, 1), passed(1.5), { smClockMhz: 1300, throttleReasons: ['applications_clocks'] });
    await scenario.until(async () => (await scenario.history(3)).includes('candidate.requeued'));
    expect((await scenario.history(2)).filter((type) => type === 'candidate.requeued')).toEqual([]);
    await scenario.cancel(3);
    await scenario.skipAll();
  });
});
