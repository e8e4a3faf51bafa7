import { expect, test } from 'vitest';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { EngineScenario } from '../../support/engine-scenario.ts';
import { scenarios } from '../../support/engine-scenario.ts';
import { infra, passed, WRONG } from '../../support/judgements.ts';

const { start, oneHost } = scenarios();
/** The reference itself, and what is made of it. */
const VERSIONS = 6;

/** Each version is compiled and judged, and comes to `outcomes[n]`. */
const judgeAll = async (scenario: EngineScenario, outcomes: readonly Outcome[]): Promise<void> => {
  for (const outcome of outcomes) {
    await scenario.skipTo('box: compile canary');
    scenario.host.compiled('canary');
    await scenario.skipTo('box: judge canary.1 screen');
    scenario.host.canaryJudged(outcome);
    await scenario.skipTo('box: ack canary.1');
  }
};

test('wrong versions of a problem’s CUDA reference are compiled and judged on a GPU like candidates', async () => {
  const scenario = await oneHost();
  const checked = scenario.kiln.checkProblem('scale', { device: 'H100' });
  const found = Array.from({ length: VERSIONS - 1 }, () => WRONG);
  await judgeAll(scenario, [passed(1), ...found]);
  const tried = await checked;
  expect(tried).toMatchObject({ problem: 'scale', host: 'box', device: 'H100', ok: true, refused: null });
  expect(tried.mutants.map(({ name }) => name)).toContain('a copy of the input');
  expect(tried.mutants.every(({ foundBy }) => foundBy === 'odd')).toBe(true);
});

test('one that passes is told, and one that could not be tried is no proof', async () => {
  const scenario = await oneHost();
  const checked = scenario.kiln.checkProblem('scale', {});
  await judgeAll(scenario, [passed(1), passed(1), ...Array.from({ length: VERSIONS - 3 }, () => WRONG)]);
  await scenario.skipTo('box: compile canary');
  scenario.host.compileFails('canary', { verdict: 'compile_error', log: 'no' });
  const { ok, mutants } = await checked;
  expect(ok).toBe(false);
  expect(mutants[0]).toEqual({ name: 'zeros', foundBy: null, untried: null });
  expect(mutants.at(-1)?.untried).toMatch('it does not compile');
});

test('a problem that the judge refuses judges nobody there', async () => {
  const scenario = await oneHost();
  const checked = scenario.kiln.checkProblem('scale', { host: scenario.host.hostId });
  await scenario.skipTo('box: compile canary');
  scenario.host.compiled('canary');
  await scenario.skipTo('box: judge canary.1 screen');
  scenario.host.canaryJudged(infra('problem_refused'));
  expect(await checked).toMatchObject({ ok: false, refused: 'problem_refused: no luck', mutants: [] });
  await scenario.expect('box: ack canary.1');
});

test('what the host compiled before it was known to be right again is not used', async () => {
  const scenario = await oneHost();
  await scenario.judging(1);
  scenario.judged(1, 1, WRONG);
  await scenario.after(1, 'done');
  scenario.nowMs += 30_000;
  await judgeAll(scenario, [WRONG]);
  await scenario.until(async () => (await scenario.kiln.fleet()).hosts[0]?.devices[0]?.quarantine !== null);
  await scenario.kiln.resumeHost(scenario.host.hostId);
  await scenario.skipTo('box: compile 1');
  await scenario.cancel(1);
  await scenario.skipTo('box: cancel compile 1');
  const checked = scenario.kiln.checkProblem('scale', {});
  await scenario.expect('box: compile canary');
  scenario.host.compiled('canary');
  await scenario.expect('box: problem scale', 'box: judge canary.1 screen');
  scenario.host.canaryJudged(infra('problem_refused'));
  expect(await checked).toMatchObject({ ok: false });
  await scenario.expect('box: ack canary.1');
});

test('where no device takes work, the error names what there is; where the host is lost, it says so', async () => {
  const scenario = await start({ box: 1 });
  await expect(scenario.kiln.checkProblem('scale', { device: 'H100' })).rejects.toThrow(
    /no device of H100 takes work for scale now/,
  );
  scenario.host.connect();
  await scenario.until(async () => (await scenario.kiln.fleet()).hosts[0]?.state === 'connected');
  await expect(scenario.kiln.checkProblem('scale', { device: 'A100' })).rejects.toThrow(
    /device classes of connected hosts: H100/,
  );
  const checked = scenario.kiln.checkProblem('scale', {});
  await expect(scenario.kiln.checkProblem('scale', {})).rejects.toThrow(/problem scale is being checked/);
  await scenario.expect('box: compile canary');
  scenario.host.lose();
  await expect(checked).rejects.toThrow(/its host was lost/);
});
