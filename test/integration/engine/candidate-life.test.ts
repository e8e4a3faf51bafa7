import { describe, expect, test } from 'vitest';
import { HoldHost, ReleaseHost } from '../../../src/domain/hosts/hold.ts';
import type { EngineScenario } from '../../support/engine-scenario.ts';
import { scenarios } from '../../support/engine-scenario.ts';
import { passed, WRONG } from '../../support/judgements.ts';

const { oneHost } = scenarios();
const DRAIN = HoldHost.parse({ state: 'draining', reason: 'the fan is replaced' });
const RELEASE = ReleaseHost.parse({ reason: 'it is back' });
const TIMED_OUT = { verdict: 'timed_out', stage: 'measure', case: '16M', limitMs: 1000 } as const;

/** Candidate 1 is the record, at twice the baseline. */
const withRecord = async (gpus = 1): Promise<EngineScenario> => {
  const scenario = await oneHost(gpus);
  await screened(scenario, 1, 2);
  await scenario.skipTo('box: judge 1.2 confirm');
  scenario.judged(1, 2, passed(2));
  await scenario.after(1, 'record');
  await scenario.skipTo('box: ack 1.2');
  return scenario;
};

const screened = async (scenario: EngineScenario, n: number, speedup: number): Promise<void> => {
  await scenario.judging(n);
  scenario.judged(n, 1, passed(speedup));
};

const places = async (scenario: EngineScenario): Promise<readonly string[]> =>
  (await scenario.ranking()).map(({ candidateId, record }) => `${scenario.numberOf(candidateId)}${record ? ' (record)' : ''}`);

describe('a candidate that passes', () => {
  test('is confirmed in a pair and becomes the record', async () => {
    const scenario = await oneHost();
    await scenario.submit(1);
    await scenario.expect('box: compile 1');
    scenario.host.compiled(1);
    await scenario.expect('box: problem scale', 'box: judge 1.1 screen');
    scenario.judged(1, 1, passed(2));
    await scenario.expect('box: judge 1.2 confirm', 'box: ack 1.1');
    scenario.judged(1, 2, passed(2.1));
    await scenario.expect('box: ack 1.2');
    const { score, attempts } = await scenario.after(1, 'record');
    expect(score).toMatchObject({ confirmed: true, speedup: expect.closeTo(2.1) as number });
    expect(attempts.map(({ mode, verdict }) => `${mode} ${verdict}`)).toEqual(['screen passed', 'confirm passed']);
    expect(await scenario.history(1)).toEqual(
      ['queued', 'compiling', 'ready', 'judging', 'ready', 'confirming', 'done', 'record'].map((type) => `candidate.${type}`),
    );
    expect(await scenario.jobs(1)).toEqual([]);
  });

  test('and is slower than the record is ranked below it, without a confirmation', async () => {
    const scenario = await withRecord();
    await screened(scenario, 2, 1.5);
    await scenario.expect('box: ack 2.1');
    expect(await scenario.after(2, 'done')).toMatchObject({ score: { confirmed: false } });
    expect(await places(scenario)).toEqual(['1 (record)', '2']);
  });

  test('and is faster than the record in their pair takes it', async () => {
    const scenario = await withRecord();
    await screened(scenario, 2, 3);
    await scenario.expect('box: judge 2.2 confirm against 1', 'box: ack 2.1');
    scenario.judged(2, 2, passed(3, 1.5));
    await scenario.expect('box: ack 2.2');
    await scenario.after(2, 'record');
    expect(await places(scenario)).toEqual(['2 (record)', '1']);
  });

  test('and looked faster, but is slower than the record in their pair, does not take it', async () => {
    const scenario = await withRecord();
    await screened(scenario, 2, 3);
    await scenario.expect('box: judge 2.2 confirm against 1', 'box: ack 2.1');
    scenario.judged(2, 2, passed(3, 0.9));
    await scenario.expect('box: ack 2.2');
    await scenario.after(2, 'done');
    expect(await places(scenario)).toEqual(['1 (record)', '2']);
  });

  test('is confirmed again where the record changed hands meanwhile', async () => {
    const scenario = await withRecord(2);
    for (const n of [2, 3]) await scenario.submit(n);
    await scenario.skipTo('box: compile 2');
    scenario.host.compiled(2);
    await scenario.skipTo('box: compile 3');
    scenario.host.compiled(3);
    await scenario.skipTo('box: judge 3.1 screen');
    scenario.judged(2, 1, passed(2.5));
    scenario.judged(3, 1, passed(3));
    await scenario.expect('box: judge 2.2 confirm against 1', 'box: judge 3.2 confirm against 1', 'box: ack 2.1', 'box: ack 3.1');
    scenario.judged(2, 2, passed(2.5, 1.25));
    await scenario.after(2, 'record');
    await scenario.skipTo('box: ack 2.2');
    scenario.judged(3, 2, passed(3, 1.5));
    await scenario.expect('box: judge 3.3 confirm against 2', 'box: ack 3.2');
    scenario.judged(3, 3, passed(3, 1.2));
    await scenario.expect('box: ack 3.3');
    await scenario.after(3, 'record');
    expect(await places(scenario)).toEqual(['3 (record)', '2', '1']);
  });

  test('keeps verdict and score, unconfirmed, where its confirmation is lost', async () => {
    const scenario = await withRecord();
    await screened(scenario, 2, 3);
    await scenario.expect('box: judge 2.2 confirm against 1', 'box: ack 2.1');
    scenario.judged(2, 2, TIMED_OUT);
    await scenario.expect('box: ack 2.2');
    const { state, score } = await scenario.after(2, 'done');
    expect(state).toMatchObject({ outcome: { verdict: 'passed' } });
    expect(score).toMatchObject({ confirmed: false, speedup: expect.closeTo(3) as number });
    expect(await places(scenario)).toEqual(['1 (record)', '2']);
  });

  test('on a host that no longer knows the record: that is compiled first', async () => {
    const scenario = await withRecord();
    scenario.host.lose();
    scenario.host.connect({ runnerId: 'another' });
    await screened(scenario, 2, 3);
    await scenario.expect('box: compile 1 for 2.2', 'box: ack 2.1');
    scenario.host.compiled(1);
    await scenario.expect('box: judge 2.2 confirm against 1');
    scenario.judged(2, 2, passed(3, 1.5));
    await scenario.expect('box: ack 2.2');
    await scenario.after(2, 'record');
    expect(await places(scenario)).toEqual(['2 (record)', '1']);
  });

  test('on a host that is lost while the record is compiled for their pair is paired when it is back', async () => {
    const scenario = await withRecord();
    scenario.host.lose();
    scenario.host.connect({ runnerId: 'another' });
    await screened(scenario, 2, 3);
    await scenario.expect('box: compile 1 for 2.2', 'box: ack 2.1');
    scenario.host.lose();
    scenario.host.connect({ runnerId: 'another' });
    await scenario.expect('box: problem scale', 'box: compile 1 for 2.3');
    scenario.host.compiled(1);
    await scenario.expect('box: judge 2.3 confirm against 1');
    scenario.judged(2, 3, passed(3, 1.5));
    await scenario.expect('box: ack 2.3');
    expect(await scenario.after(2, 'record')).toMatchObject({ infraFailures: 0 });
  });

  test('as another trial of a content is scored, and neither confirmed nor ranked', async () => {
    const scenario = await withRecord();
    await scenario.submit(1, { trial: 1 });
    await scenario.expect('box: judge 1.1 screen');
    scenario.judged(1, 1, passed(3));
    await scenario.expect('box: ack 1.1');
    expect(await scenario.after(1, 'done')).toMatchObject({ score: { confirmed: false, speedup: expect.closeTo(3) as number } });
    expect(await scenario.ranking()).toHaveLength(1);
  });

  test('as a trial against another is timed in pairs with it, says how they compare, and changes no ranking', async () => {
    const scenario = await withRecord();
    await screened(scenario, 2, 1.5);
    await scenario.expect('box: ack 2.1');
    const rival = await scenario.after(2, 'done');
    await scenario.submit(1, { trial: 1, against: rival.id });
    await scenario.expect('box: judge 1.1 confirm against 2');
    scenario.judged(1, 1, passed(2, 1.33));
    await scenario.expect('box: ack 1.1');
    const { score } = await scenario.after(1, 'done');
    expect(score).toMatchObject({
      confirmed: false,
      pair: { against: rival.id, result: 'won', ratio: expect.closeTo(1.33) as number },
    });
    expect(await scenario.ranking()).toHaveLength(2);
  });

  test.each([
    ['an id that nobody has', 'there is no such candidate', { trial: 1, against: `c-${'0'.repeat(32)}` }],
    ['no trial', 'only a trial is timed against another', { against: `c-${'0'.repeat(32)}` }],
  ])('is refused as a rival with %s', async (_what, words, changes) => {
    const scenario = await oneHost();
    await expect(scenario.submit(1, changes as never)).rejects.toThrow(words);
  });

  test('faster than the device can is implausible, has no score and no record', async () => {
    const scenario = await oneHost();
    await screened(scenario, 1, 50);
    await scenario.expect('box: ack 1.1');
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: { verdict: 'implausible' } }, score: null });
    expect(await scenario.ranking()).toEqual([]);
  });
});

describe('a candidate that does not pass', () => {
  test('has what its judge says as its verdict, and no score', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    scenario.judged(1, 1, WRONG);
    await scenario.expect('box: ack 1.1');
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: WRONG }, score: null });
  });

  test('and does not compile either has the log of its compiler', async () => {
    const scenario = await oneHost();
    await scenario.submit(1);
    await scenario.expect('box: compile 1');
    scenario.host.compileFails(1, { verdict: 'compile_error', log: 'line 3: no' });
    const { state, compileLog } = await scenario.after(1, 'done');
    expect(state).toMatchObject({ outcome: { verdict: 'compile_error' } });
    expect(compileLog).toBe('line 3: no');
  });
});

describe('a candidate that is cancelled', () => {
  test('while it compiles is done at once, and what its compiler says later changes nothing', async () => {
    const scenario = await oneHost();
    await scenario.submit(1);
    await scenario.expect('box: compile 1');
    await scenario.cancel(1);
    await scenario.expect('box: cancel compile 1');
    scenario.host.compiled(1);
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: { verdict: 'cancelled' } } });
    expect(await scenario.jobs(1)).toEqual([]);
  });

  test('while it is judged is done when its judge has let it go', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    await scenario.cancel(1);
    await scenario.expect('box: cancel 1.1');
    scenario.judged(1, 1, { verdict: 'cancelled' });
    await scenario.expect('box: ack 1.1');
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: { verdict: 'cancelled' } } });
  });

  test('while the record is compiled for their pair is done, and its judge never hears of it', async () => {
    const scenario = await withRecord();
    scenario.host.lose();
    scenario.host.connect({ runnerId: 'another' });
    await screened(scenario, 2, 3);
    await scenario.expect('box: compile 1 for 2.2', 'box: ack 2.1');
    await scenario.cancel(2);
    scenario.host.compiled(1);
    expect(await scenario.after(2, 'done')).toMatchObject({ state: { outcome: { verdict: 'cancelled' } }, score: null });
  });
});

describe('a daemon that ends', () => {
  test('between a result and its commit uses the result when the host says it again, once', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    await scenario.after(1, 'judging');
    void scenario.hold('commits');
    scenario.judged(1, 1, WRONG);
    await scenario.crash();
    await scenario.begin();
    scenario.host.connect({ finished: [scenario.attempt(1, 1)] });
    scenario.judged(1, 1, WRONG);
    scenario.judged(1, 1, WRONG);
    await scenario.expect('box: ack 1.1', 'box: ack 1.1');
    const { state, attempts } = await scenario.after(1, 'done');
    expect(state).toMatchObject({ outcome: WRONG });
    expect(attempts).toHaveLength(1);
  });

  test('between the commit of a verdict and its acknowledgement acknowledges it later, and judges nothing again', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    await scenario.after(1, 'judging');
    void scenario.hold('news of commits');
    scenario.judged(1, 1, WRONG);
    await scenario.after(1, 'done');
    await scenario.crash();
    await scenario.begin();
    scenario.host.connect({ finished: [scenario.attempt(1, 1)] });
    scenario.judged(1, 1, WRONG);
    // Once for the hello, which names it, and once for the result itself.
    await scenario.expect('box: ack 1.1', 'box: ack 1.1');
    expect(await scenario.jobs(1)).toEqual([]);
    expect((await scenario.history(1)).filter((type) => type === 'candidate.done')).toHaveLength(1);
  });

  test('while a would-be record waits for a device has it confirmed in its next life, and does not screen it again', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    scenario.host.begins(scenario.attempt(1, 1));
    await scenario.kiln.holdHost(scenario.host.hostId, DRAIN, 'ada');
    scenario.judged(1, 1, passed(2));
    await scenario.expect('box: ack 1.1');
    await scenario.crash();
    await scenario.begin();
    await scenario.connect();
    await scenario.kiln.releaseHost(scenario.host.hostId, RELEASE, 'ada');
    await scenario.expect('box: compile 1');
    scenario.host.compiled(1);
    await scenario.expect('box: problem scale', 'box: judge 1.12 confirm');
    scenario.judged(1, 12, passed(2));
    await scenario.expect('box: ack 1.12');
    const { attempts } = await scenario.after(1, 'record');
    expect(attempts.map(({ mode }) => mode)).toEqual(['screen', 'confirm']);
  });

  test('while a would-be record is confirmed, on a host that forgets it, has it confirmed again, and does not screen it again', async () => {
    const scenario = await oneHost();
    await screened(scenario, 1, 2);
    await scenario.expect('box: judge 1.2 confirm', 'box: ack 1.1');
    await scenario.after(1, 'confirming');
    await scenario.crash();
    await scenario.begin();
    scenario.host.connect({ runnerId: 'another' });
    await scenario.expect('box: compile 1');
    scenario.host.compiled(1);
    await scenario.expect('box: problem scale', 'box: judge 1.13 confirm');
    scenario.judged(1, 13, passed(2));
    await scenario.expect('box: ack 1.13');
    const { attempts } = await scenario.after(1, 'record');
    expect(attempts.map(({ mode }) => mode)).toEqual(['screen', 'confirm']);
  });

  test('after it sent a confirmation that it never wrote down knows it for one', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    await scenario.after(1, 'judging');
    void scenario.hold('commits');
    scenario.judged(1, 1, passed(2));
    await scenario.expect('box: judge 1.2 confirm');
    await scenario.crash();
    await scenario.begin();
    scenario.host.connect({ finished: [scenario.attempt(1, 1)], running: [scenario.attempt(1, 2)] });
    scenario.judged(1, 1, passed(2));
    scenario.judged(1, 2, passed(2));
    await scenario.skipTo('box: ack 1.2');
    // Whom it was paired with is not known any more.
    scenario.host.compiled(1);
    await scenario.skipTo('box: judge 1.12 confirm');
    scenario.judged(1, 12, passed(2));
    await scenario.expect('box: ack 1.12');
    const { attempts } = await scenario.after(1, 'record');
    expect(attempts.map(({ mode }) => mode)).toEqual(['screen', 'confirm', 'confirm']);
  });

  test('after a screening that may be the record has it confirmed in its next life, under a number that was never used', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    await scenario.after(1, 'judging');
    await scenario.stop();
    await scenario.begin();
    scenario.host.connect({ running: [scenario.attempt(1, 1)] });
    scenario.judged(1, 1, passed(2));
    await scenario.expect('box: compile 1', 'box: ack 1.1');
    scenario.host.compiled(1);
    await scenario.expect('box: problem scale', 'box: judge 1.12 confirm');
    scenario.judged(1, 12, passed(2));
    await scenario.expect('box: ack 1.12');
    expect(await scenario.after(1, 'record')).toMatchObject({ score: { confirmed: true } });
  });

  test('while a candidate is paired has it paired again: whom it was paired with is not known any more', async () => {
    const scenario = await withRecord();
    await screened(scenario, 2, 3);
    await scenario.expect('box: judge 2.2 confirm against 1', 'box: ack 2.1');
    await scenario.after(2, 'confirming');
    await scenario.stop();
    await scenario.begin();
    scenario.host.connect({ running: [scenario.attempt(2, 2)] });
    scenario.judged(2, 2, passed(3, 1.5));
    await scenario.expect('box: compile 2', 'box: ack 2.2');
    scenario.host.compiled(2);
    await scenario.expect('box: problem scale', 'box: compile 1 for 2.13');
    scenario.host.compiled(1);
    await scenario.expect('box: judge 2.13 confirm against 1');
    scenario.judged(2, 13, passed(3, 1.5));
    await scenario.expect('box: ack 2.13');
    const { attempts } = await scenario.after(2, 'record');
    expect(attempts.map(({ mode }) => mode)).toEqual(['screen', 'confirm', 'confirm']);
    expect(await places(scenario)).toEqual(['2 (record)', '1']);
  });
});

describe('a result', () => {
  test('is acknowledged only when what follows from it is written, while others go on', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    void scenario.hold('commits');
    scenario.judged(1, 1, WRONG);
    await scenario.submit(2);
    await scenario.expect('box: compile 2');
    scenario.release();
    await scenario.expect('box: ack 1.1');
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: WRONG } });
    await scenario.cancel(2);
    await scenario.expect('box: cancel compile 2');
  });

  test('of an attempt that nobody knows is acknowledged and changes nothing', async () => {
    const scenario = await withRecord();
    scenario.judged(1, 7, WRONG);
    await scenario.expect('box: ack 1.7');
    expect(await places(scenario)).toEqual(['1 (record)']);
  });
});
