import { describe, expect, test } from 'vitest';
import { type EngineScenario, scenarios } from '../../support/engine-scenario.ts';
import { answered, infra, passed, WRONG_ON_FRESH_INPUTS } from '../../support/judgements.ts';
import { builtProgram, connectRecorder, equipped, UNRECORDABLE, withRecorder } from '../../support/program-scenario.ts';

const { start } = scenarios();
const CHANGES = { verdict: 'contract', case: 'odd', message: 'it changes what it keeps between calls' } as const;

/** Built, recorded, and given to a judge. */
const recorded = async (scenario: EngineScenario, n: number): Promise<void> => {
  await builtProgram(scenario, n);
  scenario.host.compiled(n);
  await scenario.skipTo(`box: judge ${n}.1 screen`);
};

describe('a program whose recording is judged', () => {
  test.each([
    [WRONG_ON_FRESH_INPUTS, /^its recording is wrong on inputs that it was not made with: case odd: y\[3\] is 2.5, not 1.5/u],
    [CHANGES, /^its recording cannot be replayed: case odd: it changes what it keeps between calls/u],
  ] as const)('$verdict: goes on by its answers, and that was no verdict', async (outcome, reason) => {
    const scenario = await withRecorder({ start });
    await recorded(scenario, 1);
    scenario.judged(1, 1, outcome);
    await scenario.expect('box: record 1 by answers', 'box: ack 1.1');
    expect((await scenario.kiln.why(scenario.id(1))).notes).toEqual([
      expect.stringContaining('it is judged by its answers: its recording'),
    ]);
    scenario.host.compiled(1);
    await scenario.expect('box: judge 1.2 screen by answers');
    scenario.judged(1, 2, answered(1));
    await scenario.expect('box: judge 1.3 confirm by answers', 'box: ack 1.2');
    scenario.judged(1, 3, answered(1));
    await scenario.expect('box: ack 1.3');
    const candidate = await scenario.after(1, 'record');
    expect(candidate).toMatchObject({
      state: { outcome: { verdict: 'passed' } },
      infraFailures: 0,
      byAnswers: { recording: outcome.verdict, reason: expect.stringMatching(reason) as string },
      attempts: [
        { verdict: outcome.verdict, judgedBy: 'recording' },
        { verdict: 'passed', judgedBy: 'answers' },
        { verdict: 'passed', judgedBy: 'answers' },
      ],
    });
    expect(await scenario.history(1)).toEqual(
      ['queued', 'compiling', 'ready', 'judging', 'by_answers', 'requeued', 'compiling', 'ready', 'judging']
        .concat(['ready', 'confirming', 'done', 'record'])
        .map((type) => `candidate.${type}`),
    );
  });

  test('has the second verdict where its answers are wrong too, and its device is not doubted for the first', async () => {
    const scenario = await withRecorder({ start });
    await recorded(scenario, 1);
    scenario.judged(1, 1, WRONG_ON_FRESH_INPUTS);
    await scenario.expect('box: record 1 by answers', 'box: ack 1.1');
    scenario.host.compiled(1);
    await scenario.expect('box: judge 1.2 screen by answers');
    const second = { ...WRONG_ON_FRESH_INPUTS, case: 'one' } as const;
    scenario.judged(1, 2, second);
    expect(await scenario.after(1, 'done')).toMatchObject({
      state: { outcome: second },
      score: null,
      byAnswers: { recording: 'wrong_answer' },
    });
    await scenario.expect('box: ack 1.2');
  });

  test('goes on by its answers where the confirmation finds its recording wrong: its screening counts no more', async () => {
    const scenario = await withRecorder({ start });
    await recorded(scenario, 1);
    scenario.judged(1, 1, passed(2));
    await scenario.expect('box: judge 1.2 confirm', 'box: ack 1.1');
    scenario.judged(1, 2, WRONG_ON_FRESH_INPUTS);
    await scenario.expect('box: record 1 by answers', 'box: ack 1.2');
    scenario.host.compiled(1);
    await scenario.expect('box: judge 1.3 screen by answers');
    scenario.judged(1, 3, WRONG_ON_FRESH_INPUTS);
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: WRONG_ON_FRESH_INPUTS }, score: null });
    await scenario.expect('box: ack 1.3');
    expect(await scenario.ranking()).toEqual([]);
  });

  test('stays as it was screened where another host cannot record it for its confirmation', async () => {
    const scenario = await start({ box: 1, other: 1 });
    await connectRecorder(scenario);
    await recorded(scenario, 1);
    scenario.judged(1, 1, passed(2));
    await scenario.expect('box: judge 1.2 confirm', 'box: ack 1.1');
    await connectRecorder(scenario, 'other');
    scenario.judged(1, 2, infra('worker_died'));
    await scenario.expect('other: compile 1', 'box: ack 1.2');
    scenario.at('other').compiled(1);
    await scenario.expect('other: record 1');
    scenario.at('other').compileFails(1, UNRECORDABLE);
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: { verdict: 'passed' } }, byAnswers: null });
    expect(await scenario.ranking()).toMatchObject([{ candidateId: scenario.id(1), record: false }]);
  });

  test('goes on by its answers in the next life of its daemon, and not by what a lost host still says of its recording', async () => {
    const scenario = await withRecorder({ start });
    await recorded(scenario, 1);
    scenario.judged(1, 1, WRONG_ON_FRESH_INPUTS);
    await scenario.expect('box: record 1 by answers', 'box: ack 1.1');
    await scenario.crash();
    await scenario.begin();
    await connectRecorder(scenario, 'box', { runnerId: 'r2' });
    await scenario.expect('box: compile 1');
    scenario.host.compiled(1);
    await scenario.expect('box: record 1 by answers');
    scenario.host.lose();
    await connectRecorder(scenario, 'box', { runnerId: 'r2' });
    await scenario.expect('box: record 1 by answers');
    scenario.judged(1, 1, WRONG_ON_FRESH_INPUTS);
    // As what nobody waits for, and once it is written.
    await scenario.expect('box: ack 1.1', 'box: ack 1.1');
    scenario.host.compiled(1);
    await scenario.skipTo('box: judge 1.12 screen by answers');
    scenario.judged(1, 12, WRONG_ON_FRESH_INPUTS);
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: WRONG_ON_FRESH_INPUTS } });
    await scenario.expect('box: ack 1.12');
  });

  test('confirmed in an earlier life of its daemon, which sent it to be judged by its answers and wrote none of that down, was screened so', async () => {
    const scenario = await withRecorder({ start });
    await recorded(scenario, 1);
    scenario.judged(1, 1, passed(2));
    await scenario.expect('box: judge 1.2 confirm', 'box: ack 1.1');
    await scenario.after(1, 'confirming');
    await scenario.crash();
    await scenario.begin();
    scenario.host.connect({ ...equipped(), running: [scenario.attempt(1, 2)] });
    scenario.judged(1, 2, WRONG_ON_FRESH_INPUTS);
    scenario.judged(1, 3, answered(1));
    // For its answers, and then for their confirmation.
    await scenario.expect('box: compile 1', 'box: cancel compile 1', 'box: compile 1', 'box: ack 1.2', 'box: ack 1.3');
    const { attempts } = await scenario.kiln.candidate(scenario.id(1));
    expect(attempts.map(({ mode }) => mode)).toEqual(['screen', 'confirm', 'screen']);
  });

  test('by whom a host was lost meanwhile, is judged by its answers on another one', async () => {
    const scenario = await start({ box: 1, other: 1 });
    await connectRecorder(scenario);
    await recorded(scenario, 1);
    scenario.judged(1, 1, WRONG_ON_FRESH_INPUTS);
    await scenario.expect('box: record 1 by answers', 'box: ack 1.1');
    await connectRecorder(scenario, 'other');
    scenario.host.lose();
    await scenario.expect('other: compile 1');
    scenario.at('other').compiled(1);
    await scenario.expect('other: record 1 by answers');
    scenario.at('other').compiled(1);
    await scenario.expect('other: problem scale', 'other: judge 1.2 screen by answers');
    scenario.judged(1, 2, WRONG_ON_FRESH_INPUTS, scenario.at('other'));
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: WRONG_ON_FRESH_INPUTS } });
    await scenario.expect('other: ack 1.2');
  });

  test('paused meanwhile, goes on by its answers when it is resumed', async () => {
    const scenario = await withRecorder({ start });
    await recorded(scenario, 1);
    const select = { select: { ids: [scenario.id(1)] }, dryRun: false, reason: 'somebody asked', priority: 1 };
    expect(await scenario.kiln.steer('pause', select)).toMatchObject({ changed: 1 });
    scenario.judged(1, 1, WRONG_ON_FRESH_INPUTS);
    await scenario.expect('box: ack 1.1');
    expect(await scenario.kiln.candidate(scenario.id(1))).toMatchObject({ byAnswers: { recording: 'wrong_answer' } });
    expect(await scenario.kiln.steer('resume', select)).toMatchObject({ changed: 1 });
    await scenario.expect('box: record 1 by answers');
    await scenario.cancel(1);
    await scenario.expect('box: cancel compile 1');
  });
});
