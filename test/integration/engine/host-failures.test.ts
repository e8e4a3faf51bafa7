import { describe, expect, test } from 'vitest';
import { scenarios } from '../../support/engine-scenario.ts';
import { infra, passed, WRONG } from '../../support/judgements.ts';

const { start, oneHost } = scenarios();

describe('when a host fails', () => {
  test('at a judgement, the candidate goes to another host first, and it is counted', async () => {
    const scenario = await start({ near: 1, far: 1 });
    const [near, far] = [scenario.at('near'), scenario.at('far')];
    near.connect();
    await scenario.submit(1);
    await scenario.expect('near: compile 1');
    far.connect();
    near.compiled(1);
    await scenario.expect('near: problem scale', 'near: judge 1.1 screen');
    scenario.judged(1, 1, infra('worker_died'), near);
    await scenario.expect('far: compile 1', 'near: ack 1.1');
    far.compiled(1);
    await scenario.expect('far: problem scale', 'far: judge 1.2 screen');
    scenario.judged(1, 2, WRONG, far);
    await scenario.expect('far: ack 1.2');
    expect(await scenario.after(1, 'done')).toMatchObject({ infraFailures: 1, state: { outcome: WRONG } });
  });

  test('it is told among the failures of its host, while compiling and while judging, with how warm the device was', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    scenario.judged(1, 1, infra('worker_died'));
    await scenario.expect('box: ack 1.1');
    const [box] = (await scenario.kiln.fleet()).hosts;
    expect(box?.failures).toMatchObject({
      total: 1,
      recent: [
        { stage: 'judging', candidateId: scenario.id(1), deviceId: scenario.host.deviceIds[0], reason: 'worker_died: no luck' },
      ],
    });
    expect(box?.devices[0]?.telemetry).toMatchObject({ temperatureC: 54, smClockMhz: 1980, throttleReasons: ['sw_power_cap'] });
    await scenario.submit(2);
    await scenario.expect('box: compile 2');
    scenario.host.compileFails(2, infra('worker_died'));
    await scenario.after(2, 'requeued');
    const [again] = (await scenario.kiln.fleet()).hosts;
    expect(again?.failures).toMatchObject({ total: 2, recent: [{ stage: 'compiling', deviceId: null }, { stage: 'judging' }] });
    for (const n of [1, 2]) await scenario.cancel(n);
  });

  test('by losing an artifact, that is compiled again at nobody’s cost', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    scenario.judged(1, 1, infra('unknown_artifact'));
    await scenario.expect('box: compile 1', 'box: ack 1.1');
    scenario.host.compiled(1);
    await scenario.expect('box: judge 1.2 screen');
    scenario.judged(1, 2, WRONG);
    await scenario.expect('box: ack 1.2');
    expect(await scenario.after(1, 'done')).toMatchObject({ infraFailures: 0, state: { outcome: WRONG } });
  });

  test('by its connection while it judges, its result counts when it is attached again', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    scenario.host.begins(scenario.attempt(1, 1));
    scenario.host.lose();
    scenario.host.connect({ running: [scenario.attempt(1, 1)] });
    scenario.judged(1, 1, WRONG);
    await scenario.expect('box: ack 1.1');
    expect(await scenario.after(1, 'done')).toMatchObject({ infraFailures: 0, state: { outcome: WRONG } });
  });

  test('and comes back as another runner without the attempt, it is compiled and judged again', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    scenario.host.lose();
    scenario.host.connect({ runnerId: 'another' });
    await scenario.expect('box: compile 1');
    scenario.host.compiled(1);
    await scenario.expect('box: problem scale', 'box: judge 1.2 screen');
    scenario.judged(1, 2, WRONG);
    await scenario.expect('box: ack 1.2');
    expect(await scenario.after(1, 'done')).toMatchObject({ infraFailures: 0, state: { outcome: WRONG } });
  });

  test('for want of room on its disk, it takes no work: candidates go elsewhere until there is some', async () => {
    const scenario = await start({ near: 1, far: 1 });
    const [near, far] = [scenario.at('near'), scenario.at('far')];
    for (const host of [near, far]) host.connect();
    near.health('its disk is full');
    await scenario.submit(1);
    await scenario.expect('far: compile 1');
    const { hosts } = await scenario.kiln.fleet();
    expect(hosts[0]).toMatchObject({ name: 'near', state: 'connected', reason: 'its disk is full' });
    near.health();
    await scenario.submit(2);
    await scenario.expect('near: compile 2');
    for (const n of [1, 2]) await scenario.cancel(n);
    await scenario.expect('far: cancel compile 1', 'near: cancel compile 2');
  });

  test('a known-good candidate, its verdicts are taken back and judged again', async () => {
    const scenario = await oneHost();
    await scenario.judging(1);
    scenario.judged(1, 1, passed(2));
    await scenario.expect('box: judge 1.2 confirm', 'box: ack 1.1');
    scenario.judged(1, 2, passed(2));
    await scenario.expect('box: ack 1.2');
    await scenario.after(1, 'record');
    scenario.nowMs += 30_000;
    await scenario.expect('box: compile canary');
    scenario.host.compiled('canary');
    await scenario.expect('box: judge canary.1 screen');
    scenario.host.canaryJudged(WRONG);
    await scenario.expect('box: ack canary.1');
    await scenario.after(1, 'reopened');
    expect(await scenario.ranking()).toEqual([]);
    scenario.nowMs += 15_000;
    await scenario.expect('box: compile canary');
    scenario.host.compiled('canary');
    await scenario.expect('box: judge canary.1 screen');
    scenario.host.canaryJudged(passed(1));
    await scenario.skipTo('box: compile 1');
    scenario.host.compiled(1);
    await scenario.expect('box: problem scale', 'box: judge 1.3 screen');
    scenario.judged(1, 3, WRONG);
    await scenario.expect('box: ack 1.3');
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: WRONG }, score: null });
  });
});

describe('a compile host', () => {
  test('compiles what the judging host has no slot for; the artifact is fetched once and put once', async () => {
    const scenario = await start({ box: 1, helper: 0 });
    const [box, helper] = [scenario.at('box'), scenario.at('helper')];
    box.connect();
    helper.connect({ inventory: { compileSlots: 4 } });
    await scenario.submit(1);
    await scenario.expect('box: compile 1');
    await scenario.submit(2);
    await scenario.expect('helper: compile 2');
    helper.compiled(2);
    await scenario.expect('helper: fetch 2');
    helper.sends(2);
    await scenario.expect('box: put 2');
    box.stores();
    await scenario.expect('box: problem scale', 'box: judge 2.1 screen');
    scenario.judged(2, 1, WRONG);
    await scenario.expect('box: ack 2.1');
    expect(await scenario.after(2, 'done')).toMatchObject({ state: { outcome: WRONG } });
    await scenario.cancel(1);
    await scenario.expect('box: cancel compile 1');
  });

  test('that fails is asked no more for a while: the judging host compiles it itself', async () => {
    const scenario = await start({ box: 1, helper: 0 });
    const [box, helper] = [scenario.at('box'), scenario.at('helper')];
    box.connect();
    helper.connect({ inventory: { compileSlots: 4 } });
    await scenario.submit(1);
    await scenario.submit(2);
    await scenario.expect('box: compile 1', 'helper: compile 2');
    helper.compileFails(2, infra('compiler_failed'));
    await scenario.expect('box: compile 2');
    await scenario.submit(3);
    await scenario.expect('box: compile 3');
    for (const n of [1, 2, 3]) await scenario.cancel(n);
    const { infraFailures } = await scenario.after(3, 'done');
    expect(infraFailures).toBe(0);
    await scenario.expect(...[1, 2, 3].map((n) => `box: cancel compile ${n}`));
  });
});
