import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Environment } from '../../../src/domain/environment.ts';
import { readProblems } from '../../../src/problems/load-problems.ts';
import { type EngineScenario, scenarios } from '../../support/engine-scenario.ts';
import { infra, passed, WRONG } from '../../support/judgements.ts';
import { TORCH } from '../../support/torch-environment.ts';

const { start } = scenarios();
const REFERENCE = 'def run(x, factor):\n    return x * factor\n';
let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kiln-references-'));
  const folder = join(root, 'scale');
  cpSync(join(import.meta.dirname, '../../fixtures/problems/scale'), folder, { recursive: true });
  const file = join(folder, 'problem.yaml');
  const gpu = 'gpu: {reference: {file: reference.py, symbol: run, style: function}}';
  writeFileSync(file, readFileSync(file, 'utf8').replace('gpu: {reference: reference.cu, baseline: reference.cu}', gpu));
  writeFileSync(join(folder, 'reference.py'), REFERENCE);
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const begin = async (hosts: Readonly<Record<string, number>>): Promise<EngineScenario> =>
  start(hosts, {}, () => readProblems(root));

const connect = async (scenario: EngineScenario, name: string, ...environments: readonly Environment[]): Promise<void> => {
  scenario.at(name).connect({ inventory: { environments: [...environments] } });
  await scenario.until(async () => {
    const { hosts } = await scenario.kiln.fleet();
    return hosts.some((host) => host.name === name && host.state === 'connected' && host.inventory !== null);
  });
};

/** To a host that records the environment: the problem is there, and its judge has the candidate. */
const submitted = async (): Promise<EngineScenario> => {
  const scenario = await begin({ box: 1 });
  await connect(scenario, 'box', TORCH);
  await scenario.submit(1);
  await scenario.expect('box: compile 1');
  scenario.host.compiled(1);
  await scenario.expect('box: problem scale', 'box: judge 1.1 screen');
  return scenario;
};

describe('a problem whose reference is a program', () => {
  test('is checked with the wrong versions that do not run it, and its host’s word on it is the problem’s', async () => {
    const scenario = await begin({ without: 1, box: 1 });
    await connect(scenario, 'without');
    await expect(scenario.kiln.checkProblem('scale', {})).rejects.toThrow(
      'its reference is a program: the host must record those of environment torch',
    );
    await connect(scenario, 'box', TORCH);
    const judged = async (outcome: Parameters<ReturnType<EngineScenario['at']>['canaryJudged']>[0]): Promise<void> => {
      await scenario.skipTo('box: compile canary');
      scenario.at('box').compiled('canary');
      await scenario.skipTo('box: judge canary.1 screen');
      scenario.at('box').canaryJudged(outcome);
      await scenario.skipTo('box: ack canary.1');
    };
    const checked = scenario.kiln.checkProblem('scale', {});
    for (let version = 0; version < 3; version += 1) await judged(WRONG);
    expect(await checked).toMatchObject({
      ok: true,
      refused: null,
      mutants: [{ name: 'zeros' }, { name: 'a constant' }, { name: 'a copy of the input' }],
    });
    const again = scenario.kiln.checkProblem('scale', {});
    await judged(infra('reference_failed'));
    expect(await again).toMatchObject({ ok: false, refused: 'reference_failed: no luck', mutants: [] });
  });

  test('is judged by hosts that record its environment, whatever candidates are written in', async () => {
    const scenario = await begin({ without: 1, box: 1 });
    await connect(scenario, 'without');
    await scenario.submit(1);
    const { code, summary, todo, devices } = await scenario.kiln.why(scenario.id(1));
    expect([code, devices[0]?.can]).toEqual(['environment_missing', 'no']);
    expect(summary).toContain(
      "the problem's own reference or baseline is a program, and its host records none of environment:torch",
    );
    expect(todo).toContain('install PyTorch');
    await connect(scenario, 'box', TORCH);
    await scenario.expect('box: compile 1');
    scenario.at('box').compiled(1);
    await scenario.expect('box: problem scale', 'box: judge 1.1 screen');
    scenario.judged(1, 1, passed(2), scenario.at('box'));
    await scenario.expect('box: judge 1.2 confirm', 'box: ack 1.1');
    scenario.judged(1, 2, passed(2), scenario.at('box'));
    await scenario.expect('box: ack 1.2');
    await scenario.after(1, 'record');
  });

  test('goes to its host with what is called, on which shapes and with which scalars', async () => {
    const scenario = await submitted();
    expect(scenario.host.defined).toMatchObject({
      reference: {
        side: 'reference',
        files: [{ path: 'reference.py', content: REFERENCE }],
        entry: { symbol: 'run', style: 'function' },
        cases: [
          { name: 'one' },
          { name: 'odd', values: { n: { value: 1003 }, factor: { kind: 'float', value: 2.5 } } },
          { name: '16M' },
        ],
      },
      baseline: { side: 'baseline' },
    });
    scenario.judged(1, 1, WRONG);
    await scenario.expect('box: ack 1.1');
    await scenario.after(1, 'done');
  });

  test('that judges refuse costs its candidates no verdict, and is tried nowhere else', async () => {
    const scenario = await submitted();
    const words = 'the reference of scale, recorded twice on other inputs, is judged wrong_answer by itself: it steers by values';
    scenario.judged(1, 1, { ...infra('problem_refused'), message: words });
    await scenario.expect('box: ack 1.1');
    expect(await scenario.after(1, 'done')).toMatchObject({ state: { outcome: { verdict: 'infra_failed' } } });
    expect(JSON.stringify(await scenario.kiln.candidate(scenario.id(1)))).toContain('it steers by values');
  });
});
