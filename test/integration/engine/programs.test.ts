import { describe, expect, test } from 'vitest';
import type { Environment } from '../../../src/domain/environment.ts';
import { ContentHash } from '../../../src/domain/ids.ts';
import { type EngineScenario, scenarios } from '../../support/engine-scenario.ts';
import { infra, passed, WRONG } from '../../support/judgements.ts';
import {
  builtProgram,
  connectRecorder,
  equipped,
  submitProgram,
  withRecorder,
  WRONGLY_RETURNED,
} from '../../support/program-scenario.ts';
import { TORCH } from '../../support/torch-environment.ts';

const { start } = scenarios();
const OTHER: Environment = { ...TORCH, key: ContentHash.parse('cd'.repeat(32)) };
const NO_GPU = { compilers: { 'python:torch': 'environment abab' }, compileSlots: 4 };

/** Of another attempt at the same host. */
const BACKOFF_MS = 1000;

/** Built, recorded, and given to a judge. */
const judging = async (scenario: EngineScenario, n: number): Promise<void> => {
  await builtProgram(scenario, n);
  scenario.host.compiled(n);
  await scenario.skipTo(`box: judge ${n}.1 screen`);
};

describe('a program', () => {
  test('is built, recorded there, and the recording is judged and ranked like any candidate', async () => {
    const scenario = await withRecorder({ start });
    await builtProgram(scenario, 1);
    scenario.host.compiled(1);
    await scenario.expect('box: problem scale', 'box: judge 1.1 screen');
    scenario.judged(1, 1, passed(2));
    await scenario.expect('box: judge 1.2 confirm', 'box: ack 1.1');
    scenario.judged(1, 2, passed(2));
    await scenario.expect('box: ack 1.2');
    await scenario.after(1, 'record');
    expect(await scenario.ranking()).toMatchObject([{ candidateId: scenario.id(1), record: true }]);
    expect(await scenario.history(1)).toEqual(
      ['queued', 'compiling', 'ready', 'judging', 'ready', 'confirming', 'done', 'record'].map((type) => `candidate.${type}`),
    );
  });

  test('is told the shapes of every case, and by which device it is judged', async () => {
    const scenario = await withRecorder({ start });
    await builtProgram(scenario, 1);
    expect(scenario.host.recorded).toMatchObject({
      deviceModel: 'NVIDIA H100 80GB HBM3',
      files: [{ path: 'submission.py' }],
      cases: [
        { name: 'one' },
        {
          name: 'odd',
          tensors: [
            { name: 'x', role: 'in', shape: [1003] },
            { name: 'y', role: 'out' },
          ],
        },
        { name: '16M', tensors: [{ name: 'x', shape: [2 ** 24] }, { name: 'y' }] },
      ],
    });
    await scenario.cancel(1);
    await scenario.expect('box: cancel compile 1');
  });

  test('that did not return what was agreed has the reason for its verdict', async () => {
    const scenario = await withRecorder({ start });
    await builtProgram(scenario, 1);
    scenario.host.compileFails(1, WRONGLY_RETURNED);
    expect(await scenario.after(1, 'done')).toMatchObject({ infraFailures: 0, state: { outcome: WRONGLY_RETURNED } });
    const again = { select: { ids: [scenario.id(1)] }, dryRun: false, reason: 'somebody asked', priority: 1 };
    expect(await scenario.kiln.steer('rejudge', again)).toMatchObject({ changed: 1 });
    await scenario.expect('box: record 1');
    await scenario.cancel(1);
    await scenario.expect('box: cancel compile 1');
  });

  test('that no host could record is kept with that verdict, and is judged when it is submitted again once one can', async () => {
    const scenario = await start({ box: 1 });
    await submitProgram(scenario, 1);
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: { verdict: 'contract', case: '' } } });
    const again = { select: { ids: [scenario.id(1)] }, dryRun: false, reason: 'somebody asked', priority: 1 };
    expect(await scenario.kiln.steer('rejudge', again)).toMatchObject({
      changed: 0,
      unchanged: [{ reason: 'no host could record them when they were submitted: submit them again once one can' }],
    });
    await connectRecorder(scenario, 'box');
    await submitProgram(scenario, 1);
    await scenario.expect('box: compile 1');
    await scenario.cancel(1);
    await scenario.expect('box: cancel compile 1');
  });

  test('goes to hosts with the environment that it was submitted for, and waits where none is there', async () => {
    const scenario = await start({ near: 1, far: 1 });
    const near = scenario.at('near');
    await connectRecorder(scenario, 'near');
    await submitProgram(scenario, 1);
    await scenario.expect('near: compile 1');
    near.lose();
    await connectRecorder(scenario, 'far', { environment: OTHER });
    const { devices } = await scenario.kiln.why(scenario.id(1));
    expect(devices.find(({ host }) => host === 'far')).toMatchObject({
      can: 'no',
      reason:
        'its host does not record programs of environment:torch:abababababababab: submit it again for an environment that is there',
    });
    near.connect(equipped(TORCH));
    await scenario.expect('near: compile 1');
    await scenario.cancel(1);
    await scenario.expect('near: cancel compile 1');
  });

  test('is not lost where its daemon is killed between its build and its recording, or before it is judged', async () => {
    const scenario = await withRecorder({ start });
    await builtProgram(scenario, 1);
    await scenario.crash();
    await scenario.begin();
    scenario.host.connect(equipped(TORCH));
    await scenario.expect('box: compile 1');
    scenario.host.compiled(1);
    await scenario.expect('box: record 1');
    scenario.host.compiled(1);
    await scenario.skipTo('box: judge 1.11 screen');
    scenario.judged(1, 11, WRONG);
    await scenario.expect('box: ack 1.11');
    expect(await scenario.after(1, 'done')).toMatchObject({ infraFailures: 0, state: { outcome: WRONG } });
  });

  test('whose build its host has lost is built once more at nobody’s cost, and not for ever', async () => {
    const scenario = await withRecorder({ start });
    await builtProgram(scenario, 1);
    scenario.host.compileFails(1, infra('unknown_artifact'));
    await scenario.expect('box: compile 1');
    scenario.host.compiled(1);
    await scenario.expect('box: record 1');
    scenario.host.compileFails(1, infra('unknown_artifact'));
    expect(await scenario.after(1, 'requeued')).toMatchObject({ infraFailures: 1 });
    await scenario.cancel(1);
  });

  test('is built at a compile host and recorded at its own', async () => {
    const scenario = await start({ box: 1, builder: 0 });
    scenario.at('builder').connect({ inventory: NO_GPU });
    await connectRecorder(scenario, 'box');
    await submitProgram(scenario, 1);
    await scenario.expect('box: compile 1');
    await submitProgram(scenario, 2);
    await scenario.expect('builder: compile 2');
    scenario.at('builder').compiled(2);
    await scenario.expect('builder: fetch 2');
    scenario.at('builder').sends(2);
    await scenario.expect('box: put 2');
    scenario.host.stores();
    await scenario.expect('box: record 2');
    expect(scenario.host.recorded?.files[0]?.content).toContain('NUMBER: 2');
    for (const n of [1, 2]) await scenario.cancel(n);
    await scenario.expect('box: cancel compile 1', 'box: cancel compile 2');
  });

  test('that holds the record is recorded again where another is confirmed against it on a host that never had it', async () => {
    const scenario = await withRecorder({ start });
    await judging(scenario, 1);
    scenario.judged(1, 1, passed(2));
    await scenario.skipTo('box: judge 1.2 confirm');
    scenario.judged(1, 2, passed(2));
    await scenario.after(1, 'record');
    scenario.host.lose();
    scenario.host.connect({ ...equipped(TORCH), runnerId: 'r2' });
    await scenario.judging(2);
    scenario.judged(2, 1, passed(3));
    await scenario.expect('box: compile 1 for 2.2', 'box: ack 2.1');
    scenario.host.compiled(1);
    await scenario.expect('box: record 1 for 2.2');
    scenario.host.compiled(1);
    await scenario.expect("box: judge 2.2 confirm against 1's recording");
    scenario.judged(2, 2, passed(3, 1.5));
    await scenario.after(2, 'record');
    await scenario.expect('box: ack 2.2');
    expect(await scenario.ranking()).toMatchObject([
      { candidateId: scenario.id(2), record: true },
      { candidateId: scenario.id(1) },
    ]);
  });

  test('that holds the record is recorded at other addresses where those of a challenger are the same', async () => {
    const scenario = await withRecorder({ start });
    await judging(scenario, 1);
    scenario.judged(1, 1, passed(2));
    await scenario.skipTo('box: judge 1.2 confirm');
    scenario.judged(1, 2, passed(2));
    await scenario.after(1, 'record');
    await scenario.skipTo('box: ack 1.2');
    await judging(scenario, 2);
    scenario.judged(2, 1, passed(3));
    await scenario.skipTo("box: judge 2.2 confirm against 1's recording");
    const recordedAs: (number | undefined)[] = [];
    for (let attempt = 2; attempt < 5; attempt += 1) {
      scenario.judged(2, attempt, infra('addresses_clash'));
      await scenario.skipTo(`box: ack 2.${attempt}`);
      scenario.nowMs += BACKOFF_MS;
      await scenario.skipTo(`box: record 1 for 2.${attempt + 1}`);
      recordedAs.push(scenario.host.recorded?.again);
      scenario.host.compiled(1);
      await scenario.skipTo(`box: judge 2.${attempt + 1} confirm against 1's recording`);
    }
    expect(recordedAs).toEqual([1, 2, 3]);
    scenario.judged(2, 5, passed(3, 1.5));
    expect(await scenario.after(2, 'record')).toMatchObject({ infraFailures: 0 });
    await scenario.skipAll();
  });
});
