import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JudgeTask, ProblemDefinition } from '../../../src/domain/protocol.ts';
import { RecordUnit } from '../../../src/domain/program-unit.ts';
import { readProblems, type ReadProblems } from '../../../src/problems/load-problems.ts';
import { type EngineScenario, scenarios } from '../../support/engine-scenario.ts';
import { answered, infra, passed, WRONG } from '../../support/judgements.ts';
import { BY_ANSWERS, builtProgram, connectRecorder, equipped, RECORDED, UNRECORDABLE } from '../../support/program-scenario.ts';
import { writeScale } from '../../support/scale-folder.ts';
import { TORCH } from '../../support/torch-environment.ts';

const { start } = scenarios();
let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kiln-hidden-'));
  for (const reference of ['native', 'program'] as const)
    writeScale(join(root, reference), { reference, hiddenUpTo: 1_000_000_000 });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Of a problem with bounds, with one host, that records. */
const begin = async (kind: 'native' | 'program'): Promise<EngineScenario> => {
  const scenario = await start({ box: 1 }, {}, (): ReadProblems => readProblems(join(root, kind)));
  await connectRecorder(scenario);
  return scenario;
};

/** What the host was asked to record beside declared cases. */
const recordedIn = ({ host }: EngineScenario): readonly string[] =>
  RecordUnit.parse(host.recorded)
    .cases.map(({ name }) => name)
    .filter((name) => name.startsWith('hidden'));
/** Those that the problem's own reference is recorded in. */
const setOf = ({ host }: EngineScenario): readonly string[] => {
  const { reference } = ProblemDefinition.parse(host.defined);
  return reference.language === 'python' ? reference.cases.flatMap(({ name }) => (name.startsWith('hidden') ? [name] : [])) : [];
};
const judgedIn = ({ host }: EngineScenario): { readonly kind?: string; readonly name?: string } => {
  const { hidden } = JudgeTask.parse(host.judging);
  return hidden === undefined ? {} : { kind: hidden.kind, ...('case' in hidden && { name: hidden.case.name }) };
};

/** Built, recorded or made ready, and given to a judge. */
const judging = async (scenario: EngineScenario, n: number, program = RECORDED): Promise<void> => {
  await builtProgram(scenario, n, program);
  scenario.host.compiled(n);
  await scenario.skipTo(`box: judge ${n}.1 screen${program.prefer === 'program' ? ' by answers' : ''}`);
};

describe.each(['native', 'program'] as const)('the hidden case of a program, by a reference that is %s', (kind) => {
  test('is one that it was recorded in, in its screening and in its confirmation', async () => {
    const scenario = await begin(kind);
    await judging(scenario, 1);
    const [name] = recordedIn(scenario);
    expect(recordedIn(scenario)).toHaveLength(1);
    expect(judgedIn(scenario)).toEqual({ kind: 'program', name });
    scenario.judged(1, 1, passed(2));
    await scenario.expect('box: judge 1.2 confirm', 'box: ack 1.1');
    expect(judgedIn(scenario)).toEqual({ kind: 'program', name });
    scenario.judged(1, 2, passed(2));
    await scenario.expect('box: ack 1.2');
    expect(setOf(scenario).includes(name ?? '')).toBe(kind === 'program');
  });

  test('is one that it is called in, where it is judged by its answers', async () => {
    const scenario = await begin(kind);
    await judging(scenario, 1, BY_ANSWERS);
    expect(judgedIn(scenario)).toEqual({ kind: 'program', name: recordedIn(scenario)[0] });
    scenario.judged(1, 1, WRONG);
    await scenario.expect('box: ack 1.1');
    await scenario.after(1, 'done');
  });

  test('stays what it was where it goes on by its answers', async () => {
    const scenario = await begin(kind);
    await builtProgram(scenario, 1);
    const before = recordedIn(scenario);
    scenario.host.compileFails(1, UNRECORDABLE);
    await scenario.expect('box: record 1 by answers');
    expect(recordedIn(scenario)).toEqual(before);
    scenario.host.compiled(1);
    await scenario.skipTo('box: judge 1.1 screen by answers');
    scenario.judged(1, 1, answered(1));
    await scenario.skipTo('box: judge 1.2 confirm by answers');
    expect(judgedIn(scenario)).toEqual({ kind: 'program', name: before[0] });
    scenario.judged(1, 2, answered(1));
    await scenario.expect('box: ack 1.1', 'box: ack 1.2');
  });

  test('costs a record holder no other recording where it is paired with, and is none of its challenger’s', async () => {
    const scenario = await begin(kind);
    await judging(scenario, 1);
    const before = recordedIn(scenario);
    scenario.judged(1, 1, passed(2));
    await scenario.skipTo('box: judge 1.2 confirm');
    scenario.judged(1, 2, passed(2));
    await scenario.after(1, 'record');
    await scenario.skipTo('box: ack 1.2');
    await scenario.judging(2);
    scenario.judged(2, 1, passed(3));
    await scenario.expect("box: judge 2.2 confirm against 1's recording", 'box: ack 2.1');
    expect(judgedIn(scenario).kind).toBe('case');
    scenario.judged(2, 2, infra('addresses_clash'));
    await scenario.skipTo('box: ack 2.2');
    scenario.nowMs += 1000;
    await scenario.skipTo('box: record 1 for 2.3');
    expect([recordedIn(scenario), scenario.host.recorded?.again]).toEqual([before, 1]);
    await scenario.skipAll();
  });
});

describe('the hidden case of a kernel with a plan', () => {
  test('is one that the problem’s programs are recorded in, with a plan for it, and others share the recordings', async () => {
    const scenario = await begin('program');
    const names: (string | undefined)[] = [];
    for (const n of [1, 2, 3]) {
      await scenario.submit(n);
      await scenario.expect(`box: compile ${n}`);
      scenario.host.compiled(n);
      await scenario.expect(...(n === 1 ? ['box: problem scale'] : []), `box: judge ${n}.1 screen`);
      const { hidden } = JudgeTask.parse(scenario.host.judging);
      expect(hidden).toMatchObject({ kind: 'case', plan: { launches: [{ kernel: 'scale' }] } });
      names.push(judgedIn(scenario).name);
      scenario.judged(n, 1, WRONG);
      await scenario.expect(`box: ack ${n}.1`);
    }
    expect(setOf(scenario)).toEqual(expect.arrayContaining(names));
  });

  test('needs no recording of a problem whose code all has plans', async () => {
    const scenario = await begin('native');
    await scenario.judging(1);
    expect([judgedIn(scenario).kind, setOf(scenario)]).toEqual(['case', []]);
    scenario.judged(1, 1, WRONG);
    await scenario.expect('box: ack 1.1');
  });

  test('is of other shapes in the next life of the daemon, for which the problem’s programs are recorded again', async () => {
    const scenario = await begin('program');
    await scenario.judging(1);
    const before = setOf(scenario);
    await scenario.crash();
    await scenario.begin();
    scenario.host.connect(equipped(TORCH));
    await scenario.skipTo('box: compile 1');
    scenario.host.compiled(1);
    await scenario.skipTo('box: judge 1.11 screen');
    expect(setOf(scenario).filter((name) => before.includes(name)).length).toBeLessThan(before.length);
    await scenario.skipAll();
  });
});

test('a program that is judged again is recorded in another hidden case', async () => {
  const scenario = await begin('native');
  await judging(scenario, 1);
  const before = judgedIn(scenario).name;
  scenario.judged(1, 1, WRONG);
  await scenario.after(1, 'done');
  await scenario.skipTo('box: ack 1.1');
  const again = { select: { ids: [scenario.id(1)] }, dryRun: false, reason: 'somebody asked', priority: 1 };
  expect(await scenario.kiln.steer('rejudge', again)).toMatchObject({ changed: 1 });
  await scenario.skipTo('box: record 1');
  expect(recordedIn(scenario)).not.toEqual([before]);
  await scenario.skipAll();
});

test('a problem is checked by the recordings that its candidates are judged by', async () => {
  const scenario = await begin('program');
  await scenario.judging(1);
  const { key } = ProblemDefinition.parse(scenario.host.defined);
  scenario.judged(1, 1, WRONG);
  await scenario.skipTo('box: ack 1.1');
  const checked = scenario.kiln.checkProblem('scale', {});
  await scenario.skipTo('box: compile canary');
  scenario.host.compiled('canary');
  await scenario.skipTo('box: judge canary.1 screen');
  expect(scenario.host.judging?.problemKey).toBe(key);
  scenario.host.canaryJudged(infra('reference_failed'));
  expect(await checked).toMatchObject({ refused: 'reference_failed: no luck' });
  await scenario.skipAll();
});
