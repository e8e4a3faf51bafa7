import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ContentHash } from '../../../src/domain/ids.ts';
import type { LibraryTime } from '../../../src/domain/library.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { readProblems } from '../../../src/problems/load-problems.ts';
import { type EngineScenario, scenarios } from '../../support/engine-scenario.ts';
import { answered, passed, WRONG } from '../../support/judgements.ts';
import { connectRecorder } from '../../support/program-scenario.ts';
import { MODEL } from '../../support/scripted-host-session.ts';
import { TORCH } from '../../support/torch-environment.ts';

const { start } = scenarios();
const GPU = 'gpu: {reference: reference.cu, baseline: reference.cu';
const NOT_YET = 'not measured yet: it is once a device is idle';
const DRIVER = '580.1';
const NEWER = { ...TORCH, key: ContentHash.parse('cd'.repeat(32)), torch: '2.12.0' };

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kiln-libraries-'));
  const folder = join(root, 'scale');
  cpSync(join(import.meta.dirname, '../../fixtures/problems/scale'), folder, { recursive: true });
  const file = join(folder, 'problem.yaml');
  const library = `${GPU}, library: {file: library.py, symbol: run, style: function}`;
  writeFileSync(file, readFileSync(file, 'utf8').replace(GPU, library));
  write(7);
});
afterEach(() => rmSync(root, { recursive: true }));

/** Its number stands for the program. */
const write = (n: number): void =>
  writeFileSync(join(root, 'scale/library.py'), `# NUMBER: ${n}\ndef run(x, factor):\n    return x * factor\n`);

const begin = async (): Promise<EngineScenario> => {
  const scenario = await start({ box: 1 }, { libraryTimes: true }, () => readProblems(root));
  await connectRecorder(scenario, 'box', { driver: DRIVER });
  return scenario;
};

const runs = async ({ kiln }: EngineScenario) => (await kiln.candidates({ submitter: 'library', limit: 10 })).candidates;

/** The device is idle for as long as it takes: the newest of `count` runs is called `n`. */
const asked = async (scenario: EngineScenario, n: number, count = 1) => {
  const newest = async () => {
    scenario.nowMs += 5000;
    const all = await runs(scenario);
    return all.length === count ? all[0] : undefined;
  };
  await expect.poll(newest).toBeDefined();
  const [run] = await runs(scenario);
  if (!run) throw new Error('no run of a library was asked for');
  scenario.name(n, run.id);
  return run;
};

/** The program of that number is built, recorded and given to its device. */
const judging = async (scenario: EngineScenario, source: number, n = source): Promise<void> => {
  await scenario.skipTo(`box: compile ${source}`);
  scenario.host.compiled(source);
  await scenario.skipTo(`box: record ${source}`);
  scenario.host.compiled(source);
  await scenario.skipTo(`box: judge ${n}.1 screen`);
};

const shown = ({ kiln }: EngineScenario): readonly LibraryTime[] => kiln.library('scale').models;

describe('the library program of a problem', () => {
  test('is timed once where a device is idle, is ranked nowhere, and its time is known to the next daemon too', async () => {
    const scenario = await begin();
    expect(shown(scenario)).toMatchObject([{ deviceModel: MODEL, cases: [], reason: NOT_YET }]);
    const run = await asked(scenario, 7);
    expect(run.submission).toMatchObject({ submitter: 'library', language: 'python', priority: 2_000_001 });
    await judging(scenario, 7);
    scenario.judged(7, 1, passed(2));
    await scenario.after(7, 'done');
    await scenario.expect('box: ack 7.1');
    await expect.poll(() => shown(scenario)[0]?.reason).toBeNull();
    const [time] = shown(scenario);
    expect(time).toEqual({
      device: 'H100',
      deviceModel: MODEL,
      candidateId: run.id,
      environment: 'torch 2.11.0, CUDA 13.0, driver 580.1',
      cases: [{ case: '16M', medianNs: 100_000 }],
      reason: null,
    });
    expect(await scenario.ranking()).toEqual([]);
    await scenario.stop();
    await scenario.begin();
    expect(shown(scenario)).toEqual([time]);
  });

  test('fails once, and says why; no failure of it counts among those of candidates', async () => {
    const scenario = await begin();
    const { id } = await asked(scenario, 7);
    await judging(scenario, 7);
    scenario.judged(7, 1, WRONG);
    await scenario.after(7, 'done');
    await expect.poll(() => shown(scenario)[0]?.reason).toContain('it is judged modified_input');
    expect(shown(scenario)[0]?.reason).toContain(id);
    expect((await scenario.kiln.ranking('scale', { limit: 10 })).failed).toEqual({});
    // Another program is timed; what failed is not.
    write(8);
    await scenario.kiln.reloadProblems();
    expect(shown(scenario)).toMatchObject([{ candidateId: null, reason: NOT_YET }]);
    await asked(scenario, 8, 2);
    await judging(scenario, 8);
    await scenario.cancel(8);
    await scenario.skipAll();
  });

  test('changes no version of its problem, and so no ranking', async () => {
    const scenario = await start({ box: 1 }, { libraryTimes: false }, () => readProblems(root));
    const { versions } = await scenario.kiln.ranking('scale', { limit: 10 });
    write(8);
    await scenario.kiln.reloadProblems();
    expect((await scenario.kiln.ranking('scale', { limit: 10 })).versions).toEqual(versions);
    expect(shown(scenario)).toEqual([]);
  });

  test.each([
    { what: 'environment', environment: NEWER, driver: DRIVER },
    { what: 'driver', environment: TORCH, driver: '581.2' },
  ])('is timed anew with another $what; who waited for the one of before waits no more', async ({ environment, driver }) => {
    const scenario = await begin();
    const before = await asked(scenario, 7);
    await scenario.skipTo('box: compile 7');
    scenario.host.lose();
    await connectRecorder(scenario, 'box', { environment, driver, runnerId: 'r2' });
    await expect
      .poll(async () => (await scenario.kiln.candidate(before.id)).state)
      .toMatchObject({ outcome: { verdict: 'cancelled' } });
    const { id } = await asked(scenario, 8, 2);
    expect(id).not.toBe(before.id);
    await judging(scenario, 7, 8);
    scenario.judged(8, 1, passed(2));
    await expect.poll(() => shown(scenario)[0]).toMatchObject({ candidateId: id, reason: null });
    await scenario.skipAll();
  });

  test('has no time to compare where it could only be timed by its answers', async () => {
    const scenario = await begin();
    await asked(scenario, 7);
    await scenario.skipTo('box: compile 7');
    scenario.host.compiled(7);
    await scenario.skipTo('box: record 7');
    scenario.host.compileFails(7, { verdict: 'contract', case: 'odd', message: 'it cannot be recorded: a graph' });
    await scenario.skipTo('box: record 7 by answers');
    scenario.host.compiled(7);
    await scenario.skipTo('box: judge 7.1 screen by answers');
    scenario.judged(7, 1, answered(2));
    await scenario.after(7, 'done');
    await expect.poll(() => shown(scenario)[0]?.reason).toContain('compared with no device code');
    await scenario.skipAll();
  });

  test('is tried by a check of its problem where its environment is recorded, and told where it is wrong', async () => {
    const scenario = await start({ box: 1 }, {}, () => readProblems(root));
    await scenario.connect();
    const check = async (library: Outcome | null) => {
      const checked = scenario.kiln.checkProblem('scale', {});
      for (const outcome of [passed(1), WRONG, WRONG, WRONG, WRONG, WRONG]) {
        await scenario.skipTo('box: compile canary');
        scenario.host.compiled('canary');
        await scenario.skipTo('box: judge canary.1 screen');
        scenario.host.canaryJudged(outcome);
      }
      if (library) {
        await scenario.skipTo('box: compile 7');
        scenario.host.compiled(7);
        await scenario.skipTo('box: record 7');
        scenario.host.compiled(7);
        await scenario.skipTo('box: judge canary.1 screen');
        scenario.host.canaryJudged(library);
      }
      const { ok, library: told } = await checked;
      return { ok, told };
    };
    expect(await check(null)).toEqual({
      ok: true,
      told: { failed: null, untried: 'its host records no programs of environment "torch"' },
    });
    await connectRecorder(scenario, 'box', { driver: DRIVER });
    expect(await check(passed(1))).toEqual({ ok: true, told: { failed: null, untried: null } });
    const { ok, told } = await check(WRONG);
    expect([ok, told?.failed]).toEqual([false, expect.stringContaining('modified_input: ')]);
    await scenario.skipAll();
  });
});
