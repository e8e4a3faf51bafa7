import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseSweepFile } from '../../../src/config/sweep-file.ts';
import { createSpace } from '../../../src/domain/sweep/space.ts';
import { recordScript } from '../../../src/importers/kerneltuner/record-script.ts';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { parseHeader } from '../../../src/problems/parse-header.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import { isAlive } from '../gpu/transport.conformance.ts';
import { type CliRun, runCli } from '../../support/server/run-cli.ts';
import { HANG_MS } from '../../support/limits.ts';

const DEADLINE = { timeout: HANG_MS, interval: 20 };
const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts');
const FIXTURES = join(import.meta.dirname, '../../fixtures/importers');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-import-'));
  cpSync(FIXTURES, join(folder, 'there'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const kiln = (...args: string[]): Promise<CliRun> =>
  runCli(['import', 'kerneltuner', ...args, '--to', join(folder, 'kernels')], { cwd: folder });
const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
/** The fixture with another text in place of one of its own. */
const edited = (from: string, to: string): void => {
  const text = read('there/scale.json');
  expect(text).toContain(from);
  writeFileSync(join(folder, 'there/scale.json'), text.replace(from, to));
};

/** Plans of the seed at every point that its conditions allow. */
const plansOf = (name: string) => {
  const loaded = loadProblem(join(folder, 'kernels', name));
  const source = read(`kernels/${name}/seeds/1-kernel.cu`);
  const header = parseHeader(source, 'cuda');
  if (!header.ok) throw new Error(header.message);
  const { space: axes = {}, where = [] } = header.plan;
  const space = createSpace({ axes, where: [...where], fixed: {} });
  const points = Array.from({ length: space.size }, (_, point) => point).filter((point) => space.isValid(point));
  return points.map((point) => {
    const params = space.paramsOf(point);
    const resolved = resolveCandidate(loaded, {
      target: 'gpu',
      architecture: 'native',
      content: { source, language: 'cuda', params },
    });
    if (!resolved.ok) throw new Error(JSON.stringify(resolved.outcome));
    return { params, launch: Object.values(resolved.plans)[0]?.launches[0] };
  });
};

describe('kiln import kerneltuner', () => {
  test('makes a problem, a kernel whose every point can be launched, and a sweep', async () => {
    const run = await kiln('there/scale.json', '--json');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toEqual([
      {
        name: 'scale_tiled',
        folder: join(folder, 'kernels/scale_tiled'),
        notes: ['compiler options are not taken: -std=c++17'],
      },
    ]);
    const { problem } = loadProblem(join(folder, 'kernels/scale_tiled'));
    expect(problem).toMatchObject({
      variables: ['n'],
      tensors: { source: { dtype: 'f32', shape: ['n'], role: 'in' }, target: { dtype: 'f32', shape: ['n'], role: 'out' } },
      scalars: { factor: { dtype: 'f32', value: 2.5 } },
      bench: { gpu: [{ name: 'given', shape: { n: 100000 } }] },
    });
    const plans = plansOf('scale_tiled');
    // As Python counts them: points of the space that meet both conditions.
    expect(plans).toHaveLength(77);
    for (const { params, launch } of plans) {
      const [x, y, tile] = [Number(params['block_size_x']), Number(params['block_size_y']), Number(params['TILE'])];
      expect(launch).toMatchObject({ grid: [Math.ceil(100000 / (x * y * tile)), 1, 1], block: [x, y, 1] });
    }
    const sweep = parseSweepFile(read('kernels/scale_tiled/sweep.yaml'), 'sweep.yaml');
    expect(sweep).toMatchObject({
      problem: 'scale_tiled',
      file: 'seeds/1-kernel.cu',
      strategy: 'evolve',
      budget: { candidates: 40 },
    });
    expect(read('kernels/scale_tiled/reference.cu')).toMatch(
      /#define kernel_tuner 1\nextern "C" __global__ void __launch_bounds__/,
    );
  });

  test('runs a script that calls tune_kernel, and imports what it would have tuned', async () => {
    const run = await kiln('there/tune_scale.py', '--device', 'A100');
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/the script ended badly after its last tune_kernel: ValueError: .*empty/);
    expect(plansOf('scale').map(({ launch }) => launch?.grid[0])).toEqual([32, 16, 8, 16, 8, 4, 16, 8, 4]);
    expect(loadProblem(join(folder, 'kernels/scale')).problem).toMatchObject({
      variables: ['n'],
      tensors: { source: { role: 'in' }, target: { role: 'out' } },
    });
    expect(parseSweepFile(read('kernels/scale/sweep.yaml'), 'sweep.yaml')).toMatchObject({
      device: 'A100',
      strategy: 'forest',
      budget: { candidates: 9 },
    });
  });

  test.each([
    ['another language', '"CUDA",\n    "CompilerOptions"', '"OpenCL",\n    "CompilerOptions"', /Language: OpenCL is not taken/],
    ['fractions', '(1, 2, 4)', '[0.5]', /TuningParameters\.TILE: 0\.5 is not taken/],
    ['code', '(1, 2, 4)', "open('x')", /TuningParameters\.TILE: the function open/],
    ['no output', '"WriteOnly"', '"ReadOnly"', /no argument is written/],
    ['nothing allowed', '64 <= block_size_x', '9 < TILE and 64 <= block_size_x', /none of the first .* points/],
    ['no space', '"ConfigurationSpace"', '"Configurations"', /scale\.json: ConfigurationSpace: is missing/],
  ])('says what it does not take: %s', async (_what, from, to, message) => {
    edited(from, to);
    const run = await kiln('there/scale.json');
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(message);
    expect(existsSync(join(folder, 'kernels'))).toBe(false);
  });

  test('overwrites nothing', async () => {
    await kiln('there/scale.json');
    const run = await kiln('there/scale.json');
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/kernels\/scale_tiled is there already: take another name, or change what is in it/);
  });

  test('problems that one script tunes under one name have names of their own', async () => {
    const script = read('there/tune_scale.py');
    const call = script.slice(script.indexOf('results, env = tune_kernel('), script.indexOf('store_output_file('));
    writeFileSync(join(folder, 'there/twice.py'), script.replace(call, `${call}${call}`));
    const run = await kiln('there/twice.py', '--json');
    expect(run.code).toBe(0);
    const names = ['scale', 'scale_2'];
    expect(JSON.parse(run.stdout)).toMatchObject(names.map((name) => ({ name, folder: join(folder, 'kernels', name) })));
    expect(names.map((name) => loadProblem(join(folder, 'kernels', name)).problem.name)).toEqual(names);
    expect(parseSweepFile(read('kernels/scale_2/sweep.yaml'), 'sweep.yaml').problem).toBe('scale_2');
  });

  test('where one of several is there already none is made', async () => {
    const script = read('there/tune_scale.py');
    const call = script.slice(script.indexOf('results, env = tune_kernel('), script.indexOf('store_output_file('));
    writeFileSync(join(folder, 'there/twice.py'), script.replace(call, `${call}${call}`));
    mkdirSync(join(folder, 'kernels/scale_2'), { recursive: true });
    const run = await kiln('there/twice.py');
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/kernels\/scale_2 is there already: take another name/);
    expect(existsSync(join(folder, 'kernels/scale'))).toBe(false);
  });

  test('a script that does not end is ended, with what it started, and that is said', async () => {
    writeFileSync(join(folder, 'there/endless.py'), 'import subprocess\nsubprocess.run(["sleep", "600"])\n');
    mkdirSync(join(folder, 'recorded'));
    await expect(recordScript(join(folder, 'there/endless.py'), join(folder, 'recorded'), 500)).rejects.toThrow(
      /endless\.py: it did not end within 0\.5 s, and was ended/,
    );
  });

  test('who leaves with Ctrl-C leaves neither the script nor what was recorded', async () => {
    writeFileSync(
      join(folder, 'there/endless.py'),
      `import os, time\nwith open(${JSON.stringify(join(folder, 'pid'))}, "w") as file:\n    file.write(str(os.getpid()))\ntime.sleep(600)\n`,
    );
    const temporary = join(folder, 'temporary');
    mkdirSync(temporary);
    const env = { ...process.env, TMPDIR: temporary };
    const cli = spawn(process.execPath, [MAIN, 'import', 'kerneltuner', 'there/endless.py'], {
      cwd: folder,
      env,
      stdio: 'ignore',
    });
    const pid = (): number => (existsSync(join(folder, 'pid')) ? Number(read('pid')) : 0);
    await expect.poll(pid, DEADLINE).toBeGreaterThan(0);
    const script = pid();
    expect(readdirSync(temporary)).toHaveLength(1);
    cli.kill('SIGINT');
    expect(await once(cli, 'exit')).toEqual([null, 'SIGINT']);
    await expect.poll(() => isAlive(script), DEADLINE).toBe(false);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('a script that tunes nothing, and one that asks for what cannot be taken, say so', async () => {
    writeFileSync(join(folder, 'there/none.py'), 'print(1)\n');
    expect((await kiln('there/none.py')).stderr).toMatch(/it called no tune_kernel/);
    const script = read('there/tune_scale.py').replace('restrictions=restrictions', 'restrictions=lambda point: True');
    writeFileSync(join(folder, 'there/function.py'), script);
    expect((await kiln('there/function.py')).stderr).toMatch(/not taken: restrictions is a function; write conditions as texts/);
  });
});
