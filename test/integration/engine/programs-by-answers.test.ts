import { describe, expect, test } from 'vitest';
import { type EngineScenario, scenarios } from '../../support/engine-scenario.ts';
import { answered, infra, passed, WRONG_ON_FRESH_INPUTS } from '../../support/judgements.ts';
import {
  BY_ANSWERS,
  builtProgram,
  connectRecorder,
  equipped,
  UNRECORDABLE,
  withRecorder,
  WRONGLY_RETURNED,
} from '../../support/program-scenario.ts';

const { start } = scenarios();
/** Of one confirmation. */
const INFRA_RETRIES = 1;
/** Longer than the last of these waits. */
const BACKOFF_MS_MAX = 60_000;
const ASKED = { reason: 'it was submitted to be judged by its answers', recording: null };

/** It asked for answers, and its judge has it. */
const judging = async (scenario: EngineScenario, n: number): Promise<void> => {
  await builtProgram(scenario, n, BY_ANSWERS);
  scenario.host.compiled(n);
  await scenario.skipTo(`box: judge ${n}.1 screen by answers`);
};

/** It holds the record of programs by their answers. */
const record = async (scenario: EngineScenario, n: number, speedup: number): Promise<void> => {
  await judging(scenario, n);
  scenario.judged(n, 1, answered(speedup));
  await scenario.expect(`box: judge ${n}.2 confirm by answers`, `box: ack ${n}.1`);
  scenario.judged(n, 2, answered(speedup));
  await scenario.after(n, 'record');
  await scenario.expect(`box: ack ${n}.2`);
};

/** It looks faster than the holder, the first, and nothing comes of so many pairs with it. `afterRestart`: its host is asked for the holder anew. */
const challenging = async (scenario: EngineScenario, n: number, pairs: number, afterRestart = false): Promise<void> => {
  await judging(scenario, n);
  scenario.judged(n, 1, answered(n));
  if (afterRestart) {
    await scenario.skipTo(`box: compile 1 for ${n}.2`);
    scenario.host.compiled(1);
    await scenario.skipTo(`box: record 1 by answers for ${n}.2`);
    scenario.host.compiled(1);
  }
  for (let attempt = 2; attempt < 2 + pairs; attempt += 1) {
    await scenario.skipTo(`box: judge ${n}.${attempt} confirm by answers against 1's answers`);
    scenario.judged(n, attempt, infra('pair_failed'));
    await scenario.skipTo(`box: ack ${n}.${attempt}`);
    scenario.nowMs += BACKOFF_MS_MAX;
  }
};

/** Of the second, so much faster, beside the holder of the record: its last event is `last`. */
const ranked = async (speedup: number, last: 'record' | 'done') => {
  const scenario = await withRecorder({ start });
  await record(scenario, 1, 1);
  await judging(scenario, 2);
  scenario.judged(2, 1, answered(speedup));
  await scenario.expect("box: judge 2.2 confirm by answers against 1's answers", 'box: ack 2.1');
  scenario.judged(2, 2, answered(speedup, { ratio: speedup }));
  await scenario.after(2, last);
  await scenario.expect('box: ack 2.2');
  return { scenario, ranking: await scenario.ranking('program') };
};

describe('a program that asks to be judged by its answers', () => {
  test('is made ready to be called where it was built, and nothing of it is recorded', async () => {
    const scenario = await withRecorder({ start });
    await builtProgram(scenario, 1, BY_ANSWERS);
    expect(scenario.host.recorded).toMatchObject({
      by: 'answers',
      files: [{ path: 'submission.py' }],
      cases: [{ name: 'one' }, {}, {}],
    });
    scenario.host.compiled(1);
    await scenario.expect('box: problem scale', 'box: judge 1.1 screen by answers');
    expect(scenario.host.judging).toMatchObject({ plans: {}, record: null, timing: { inputs: 'fresh', method: 'cached' } });
    expect(scenario.host.judging).not.toHaveProperty('hidden');
    scenario.judged(1, 1, answered(1));
    await scenario.expect('box: judge 1.2 confirm by answers', 'box: ack 1.1');
    scenario.judged(1, 2, answered(1));
    await scenario.expect('box: ack 1.2');
    expect(await scenario.after(1, 'record')).toMatchObject({ byAnswers: ASKED });
    expect(await scenario.history(1)).not.toContain('candidate.by_answers');
  });

  test('has a list and a record of its own, and is never paired with device code, nor that with it', async () => {
    const scenario = await withRecorder({ start });
    await record(scenario, 1, 2);
    // Slower than the program by its answers, and yet the first of its own list.
    await scenario.judging(2);
    scenario.judged(2, 1, passed(1.5));
    await scenario.expect('box: judge 2.2 confirm', 'box: ack 2.1');
    scenario.judged(2, 2, passed(1.5));
    await scenario.after(2, 'record');
    await scenario.expect('box: ack 2.2');
    expect(await scenario.ranking()).toMatchObject([{ candidateId: scenario.id(2), place: 1, record: true }]);
    const [own, ...others] = await scenario.ranking('program');
    expect(own).toMatchObject({
      candidateId: scenario.id(1),
      place: 1,
      record: true,
      score: { answers: { semantics: 'released' } },
    });
    expect(others).toEqual([]);
    const against = { trial: 1, against: scenario.id(1) };
    await expect(scenario.submit(3, against)).rejects.toThrow(
      'it is judged by its answers, and their times are compared with no others',
    );
  });

  test('is confirmed in pairs with the record holder of its own list', async () => {
    const { scenario, ranking } = await ranked(2, 'record');
    expect(ranking).toMatchObject([
      { candidateId: scenario.id(2), place: 1, record: true },
      { candidateId: scenario.id(1), place: 2 },
    ]);
  });

  test('that holds the record is judged again, with its challengers, where its pairs with three of them come to nothing', async () => {
    const scenario = await withRecorder({ start });
    await record(scenario, 1, 1);
    for (const n of [2, 3]) {
      await challenging(scenario, n, 1 + INFRA_RETRIES);
      expect(await scenario.after(n, 'done')).toMatchObject({ score: { confirmed: false } });
    }
    await challenging(scenario, 4, 1);
    // Its place is nobody's for now, and whoever challenged it in vain has another chance.
    const reason = expect.stringContaining('pairs with different challengers came to nothing') as string;
    for (const n of [1, 2, 3]) {
      await scenario.until(async () => (await scenario.history(n)).includes('candidate.reopened'));
      expect(await scenario.kiln.candidate(scenario.id(n))).toMatchObject({ judgedAgain: { reason } });
    }
    expect(await scenario.ranking('program')).toEqual([]);
    await scenario.skipAll();
  });

  test('that holds the record begins no new count of challengers with each life of the daemon', async () => {
    const scenario = await withRecorder({ start });
    await record(scenario, 1, 1);
    for (const n of [2, 3]) {
      await challenging(scenario, n, 1 + INFRA_RETRIES, n > 2);
      await scenario.after(n, 'done');
      await scenario.stop();
      await scenario.begin();
      await connectRecorder(scenario);
    }
    await challenging(scenario, 4, 1, true);
    await scenario.until(async () => (await scenario.history(1)).includes('candidate.reopened'));
    expect(await scenario.ranking('program')).toEqual([]);
    await scenario.skipAll();
  });

  test('wins nothing, and shares its place, where the difference is within what its times leave open', async () => {
    const { scenario, ranking } = await ranked(1.04, 'done');
    expect(ranking).toMatchObject([
      { candidateId: scenario.id(1), place: 1, record: true },
      { candidateId: scenario.id(2), place: 1, score: { pair: { result: 'tied' } } },
    ]);
  });

  test('races with nobody, and nobody with it', async () => {
    const scenario = await start({ box: 1 }, { racingPlaces: 1 });
    await connectRecorder(scenario);
    await record(scenario, 1, 9);
    await scenario.judging(2);
    scenario.judged(2, 1, passed(2));
    await scenario.expect('box: judge 2.2 confirm', 'box: ack 2.1');
    scenario.judged(2, 2, passed(2));
    await scenario.after(2, 'record');
    await scenario.expect('box: ack 2.2');
    await judging(scenario, 3);
    expect(scenario.host.judging).not.toHaveProperty('race');
    await scenario.cancel(3);
    await scenario.expect('box: cancel 3.1');
  });

  test('is shown and not ranked where its time is shorter than 20 us', async () => {
    const scenario = await withRecorder({ start });
    await judging(scenario, 1);
    scenario.judged(1, 1, answered(200 / 19));
    const { score } = await scenario.after(1, 'done');
    await scenario.expect('box: ack 1.1');
    expect(score).toMatchObject({ answers: { tooShort: true, uncertaintyNs: 8400 } });
    expect(await scenario.ranking('program')).toEqual([]);
    expect(await scenario.ranking()).toEqual([]);
  });

  test('is not lost with its daemon, which knows by what its attempt was judged', async () => {
    const scenario = await withRecorder({ start });
    await judging(scenario, 1);
    await scenario.after(1, 'judging');
    await scenario.crash();
    await scenario.begin();
    scenario.host.connect({ ...equipped(), finished: [scenario.attempt(1, 1)] });
    scenario.judged(1, 1, WRONG_ON_FRESH_INPUTS);
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: WRONG_ON_FRESH_INPUTS }, byAnswers: ASKED });
    await scenario.expect('box: ack 1.1');
  });
});

/** Its host was asked to record it, and then for its answers. */
const refused = async (scenario: EngineScenario, n: number): Promise<void> => {
  await builtProgram(scenario, n);
  scenario.host.compileFails(n, UNRECORDABLE);
  await scenario.expect(`box: record ${n} by answers`);
};

describe('a program whose recording is refused', () => {
  test('goes on by its answers on the same host, and says why', async () => {
    const scenario = await withRecorder({ start });
    await refused(scenario, 1);
    const byAnswers = { reason: 'case odd: it cannot be recorded: it uses a CUDA graph of its own', recording: 'contract' };
    expect((await scenario.kiln.why(scenario.id(1))).notes).toContain(`it is judged by its answers: ${byAnswers.reason}`);
    scenario.host.compiled(1);
    await scenario.skipTo('box: judge 1.1 screen by answers');
    scenario.judged(1, 1, answered(1, { semantics: 'call' }));
    await scenario.expect('box: judge 1.2 confirm by answers', 'box: ack 1.1');
    scenario.judged(1, 2, answered(1, { semantics: 'call' }));
    await scenario.expect('box: ack 1.2');
    expect(await scenario.after(1, 'record')).toMatchObject({
      byAnswers,
      infraFailures: 0,
      score: { answers: { semantics: 'call' } },
    });
    expect(await scenario.history(1)).toEqual(
      ['queued', 'compiling', 'by_answers', 'ready', 'judging', 'ready', 'confirming', 'done', 'record'].map(
        (type) => `candidate.${type}`,
      ),
    );
  });

  test('by what it returned, and not by what it launched, has that for its verdict', async () => {
    const scenario = await withRecorder({ start });
    await builtProgram(scenario, 1);
    scenario.host.compileFails(1, WRONGLY_RETURNED);
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: WRONGLY_RETURNED }, byAnswers: null });
  });

  test('has that for its verdict where the daemon is not to judge programs by their answers', async () => {
    const scenario = await start({ box: 1 }, { timeToAnswers: false });
    await connectRecorder(scenario);
    await builtProgram(scenario, 1);
    scenario.host.compileFails(1, UNRECORDABLE);
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: UNRECORDABLE }, byAnswers: null });
  });

  test('has the second refusal for its verdict', async () => {
    const scenario = await withRecorder({ start });
    await refused(scenario, 1);
    scenario.host.compileFails(1, UNRECORDABLE);
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: UNRECORDABLE } });
  });

  test('goes on by its answers in the next life of its daemon, and on another host', async () => {
    const scenario = await start({ box: 1, other: 1 });
    await connectRecorder(scenario);
    await refused(scenario, 1);
    await scenario.until(async () => (await scenario.history(1)).includes('candidate.by_answers'));
    await scenario.crash();
    await scenario.begin();
    await connectRecorder(scenario, 'other');
    await scenario.expect('other: compile 1');
    scenario.at('other').compiled(1);
    await scenario.expect('other: record 1 by answers');
    scenario.at('other').lose();
    await connectRecorder(scenario);
    await scenario.expect('box: compile 1');
    scenario.host.compiled(1);
    await scenario.expect('box: record 1 by answers');
    expect(await scenario.kiln.candidate(scenario.id(1))).toMatchObject({ byAnswers: { recording: 'contract' } });
    await scenario.cancel(1);
    await scenario.expect('box: cancel compile 1');
  });

  test('whose build its host has lost is built once more, and not recorded', async () => {
    const scenario = await withRecorder({ start });
    await refused(scenario, 1);
    scenario.host.compileFails(1, infra('unknown_artifact'));
    await scenario.expect('box: compile 1');
    scenario.host.compiled(1);
    await scenario.expect('box: record 1 by answers');
    expect(scenario.host.recorded).toMatchObject({ by: 'answers' });
    await scenario.cancel(1);
    await scenario.expect('box: cancel compile 1');
  });

  test('begins with a recording again where somebody has it judged again', async () => {
    const scenario = await withRecorder({ start });
    await refused(scenario, 1);
    scenario.host.compiled(1);
    await scenario.skipTo('box: judge 1.1 screen by answers');
    scenario.judged(1, 1, WRONG_ON_FRESH_INPUTS);
    await scenario.after(1, 'done');
    await scenario.expect('box: ack 1.1');
    const again = { select: { ids: [scenario.id(1)] }, dryRun: false, reason: 'its host has another PyTorch', priority: 1 };
    expect(await scenario.kiln.steer('rejudge', again)).toMatchObject({ changed: 1 });
    await scenario.expect('box: record 1');
    expect(await scenario.kiln.candidate(scenario.id(1))).toMatchObject({ byAnswers: null });
    await scenario.cancel(1);
    await scenario.expect('box: cancel compile 1');
  });
});
