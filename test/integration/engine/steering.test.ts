import { describe, expect, test } from 'vitest';
import type { Steering } from '../../../src/domain/api/steering.ts';
import type { EngineScenario } from '../../support/engine-scenario.ts';
import { scenarios } from '../../support/engine-scenario.ts';
import { passed } from '../../support/judgements.ts';

const { oneHost, start } = scenarios();

const steer = async (scenario: EngineScenario, action: Steering, ...numbers: readonly number[]) =>
  scenario.kiln.steer(action, {
    select: { ids: numbers.map((n) => scenario.id(n)) },
    dryRun: false,
    reason: 'somebody asked',
    priority: 1,
  });
const why = async (scenario: EngineScenario, n: number) => (await scenario.kiln.why(scenario.id(n))).code;

describe('a paused candidate', () => {
  test('has no job and is judged by nobody, also after a restart, until it is resumed', async () => {
    const scenario = await start({ box: 1 });
    await scenario.submit(1);
    await steer(scenario, 'pause', 1);
    expect(await scenario.jobs(1)).toEqual([]);
    await scenario.crash();
    await scenario.begin();
    scenario.host.connect();
    await scenario.submit(2);
    await scenario.expect('box: compile 2');
    expect(await why(scenario, 1)).toBe('paused');
    expect((await scenario.kiln.queue()).byDevice).toMatchObject([{ device: 'H100', waiting: 1, paused: 1 }]);
    await steer(scenario, 'resume', 1);
    await scenario.expect('box: compile 1');
    expect(await scenario.history(1)).toEqual(['queued', 'paused', 'resumed'].map((type) => `candidate.${type}`));
  });

  test('that a host compiles is withdrawn there, and begins again when it is resumed', async () => {
    const scenario = await oneHost();
    await scenario.submit(1);
    await scenario.expect('box: compile 1');
    await steer(scenario, 'pause', 1);
    await scenario.expect('box: cancel compile 1');
    await steer(scenario, 'resume', 1);
    await scenario.expect('box: compile 1');
    expect(await why(scenario, 1)).toBe('compiling');
  });

  test('that a device has gets its verdict', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    await steer(scenario, 'pause', 1);
    scenario.judged(1, 1, passed(2));
    await scenario.skipTo('box: judge 1.2 confirm');
    scenario.judged(1, 2, passed(2));
    await scenario.skipTo('box: ack 1.2');
    expect(await scenario.after(1, 'record')).toMatchObject({ paused: null, state: { status: 'done' } });
  });

  test('that is submitted again stays paused', async () => {
    const scenario = await start({ box: 1 });
    await scenario.submit(1);
    await steer(scenario, 'pause', 1);
    await scenario.submit(1);
    scenario.host.connect();
    await scenario.submit(2);
    await scenario.expect('box: compile 2');
    expect(await why(scenario, 1)).toBe('paused');
  });
});

describe('a candidate that waits in the queue', () => {
  test('is compiled first once it is the most urgent', async () => {
    const scenario = await start({ box: 1 });
    for (const n of [1, 2, 3]) await scenario.submit(n);
    await steer(scenario, 'reprioritise', 3);
    scenario.host.connect();
    await scenario.expect('box: compile 3', 'box: compile 1', 'box: compile 2');
    expect((await scenario.kiln.candidate(scenario.id(3))).submission.priority).toBe(1);
  });

  test('is cancelled with all that meet what is given, wherever they are, and a dry run cancels none', async () => {
    const scenario = await start({ box: 1 });
    for (const n of [1, 2]) await scenario.submit(n);
    await scenario.submit(3, { submitter: 'other' });
    const request = { select: { submitter: 'anonymous' }, dryRun: true };
    expect(await scenario.kiln.steer('cancel', request)).toMatchObject({ matched: 2, changed: 2 });
    scenario.host.connect();
    await scenario.skipTo('box: compile 2');
    expect(await scenario.kiln.steer('cancel', { ...request, dryRun: false })).toMatchObject({ matched: 2, changed: 2 });
    await scenario.expect('box: cancel compile 1', 'box: cancel compile 2');
    for (const n of [1, 2]) expect((await scenario.after(n, 'done')).state).toMatchObject({ outcome: { verdict: 'cancelled' } });
    expect(await scenario.jobs(1, 2, 3)).toEqual([3]);
  });
});

describe('a verdict that is taken back', () => {
  test('because an operator asked is given again, and says what it was and why', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    scenario.judged(1, 1, passed(2));
    await scenario.skipTo('box: judge 1.2 confirm');
    scenario.judged(1, 2, passed(2));
    await scenario.after(1, 'record');
    await scenario.skipTo('box: ack 1.2');
    expect(await steer(scenario, 'rejudge', 1)).toMatchObject({ matched: 1, changed: 1 });
    await scenario.expect('box: judge 1.3 screen');
    expect(await scenario.ranking()).toEqual([]);
    expect(await scenario.kiln.candidate(scenario.id(1))).toMatchObject({
      judgedAgain: { reason: 'somebody asked', hostId: null, verdict: 'passed' },
    });
    scenario.judged(1, 3, passed(1.5));
    await scenario.expect('box: judge 1.4 confirm', 'box: ack 1.3');
    scenario.judged(1, 4, passed(1.5));
    await scenario.expect('box: ack 1.4');
    await scenario.after(1, 'record');
    expect((await scenario.ranking())[0]?.score.speedup).toBeCloseTo(1.5);
  });

  test('is not one that is not there yet', async () => {
    const scenario = await start({ box: 1 });
    await scenario.submit(1);
    expect(await steer(scenario, 'rejudge', 1)).toMatchObject({
      changed: 0,
      unchanged: [{ reason: 'they are not done yet', count: 1 }],
    });
  });
});

describe('why a candidate waits', () => {
  test('is told of what the engine sees: no connection, a compile slot, a device, a verdict', async () => {
    const scenario = await start({ box: 1 });
    for (const n of [1, 2]) await scenario.submit(n);
    expect(await why(scenario, 1)).toBe('hosts_away');
    scenario.host.connect();
    await scenario.expect('box: compile 1', 'box: compile 2');
    expect([await why(scenario, 1), await why(scenario, 2)]).toEqual(['compiling', 'waits_for_compile_slot']);
    scenario.host.compiled(1);
    await scenario.expect('box: problem scale', 'box: judge 1.1 screen');
    scenario.host.begins(scenario.attempt(1, 1));
    const judging = await scenario.kiln.why(scenario.id(1));
    expect(judging).toMatchObject({ code: 'judging', devices: [{ host: 'box', can: 'busy', reason: 'it judges one' }] });
    scenario.host.lose();
    expect(await why(scenario, 1)).toBe('host_away');
    expect(await why(scenario, 2)).toBe('hosts_away');
  });

  test('is that its host rests, with the reason', async () => {
    const scenario = await oneHost();
    scenario.host.health('its disk is full');
    await scenario.submit(1);
    const answer = await scenario.kiln.why(scenario.id(1));
    expect(answer).toMatchObject({ code: 'unavailable', devices: [{ can: 'no', reason: 'its disk is full' }] });
  });
});
