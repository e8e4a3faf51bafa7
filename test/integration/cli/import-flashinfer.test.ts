import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { type CliRun, runCli } from '../../support/server/run-cli.ts';
import { serveFake } from '../../support/server/serve-fake.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/importers/flashinfer');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-import-'));
  cpSync(FIXTURES, join(folder, 'traces'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]): Promise<CliRun> =>
  runCli(['import', 'flashinfer', ...args, '--to', join(folder, 'kernels')], { cwd: folder });

describe('kiln import flashinfer', () => {
  test('makes a problem of each definition of a dataset that can be one, and says in a sentence why others cannot', async () => {
    const { code, stdout } = await run('traces');
    expect(code).toBe(3);
    expect(stdout).toContain('1 of 3 became problems, 2 did not');
    expect(stdout).toMatch(/broken\.json +- +it is no JSON/u);
    expect(stdout).toMatch(/picked_rows\.json +- +`at` holds integers/u);
    const { problem } = loadProblem(join(folder, 'kernels/scaled_norm_h128'));
    expect(problem.bench.gpu.map(({ shape }) => shape['rows'])).toEqual([7, 64, 512]);
    expect(readFileSync(join(folder, 'kernels/scaled_norm_h128/reference.py'), 'utf8')).toContain('def run(x, weight, eps):');
    expect(readFileSync(join(folder, 'kernels/scaled_norm_h128/README.md'), 'utf8')).toContain('Each row over the root');
  });

  test('takes one definition with its workloads, under another name', async () => {
    const { code } = await run('traces/definitions/norm/scaled_norm_h128.json', '--name', 'my_norm');
    expect([code, existsSync(join(folder, 'kernels/my_norm/problem.yaml'))]).toEqual([0, true]);
    expect(loadProblem(join(folder, 'kernels/my_norm')).problem.title).toBe('scaled_norm_h128, of FlashInfer-Trace');
  });

  test.each([
    [['nowhere'], 'there is nothing at nowhere'],
    [['traces/solutions'], 'traces/solutions holds nothing of that kind'],
    [['traces', '--name', 'one'], '--name: there are 3 definitions'],
  ])('%j is refused with what to do', async (args, words) => {
    const { code, stderr } = await run(...args);
    expect(code).not.toBe(0);
    expect(stderr).toContain(words);
  });

  test('a file of workloads that is too large to be read is told in one sentence', async () => {
    truncateSync(join(folder, 'traces/workloads/norm/scaled_norm_h128.jsonl'), 17 * 2 ** 20);
    const { code, stderr } = await run('traces');
    expect(code).toBe(1);
    expect(stderr).toBe('error: workloads/norm/scaled_norm_h128.jsonl has 17825792 bytes; 16777216 are read\n');
  });
});

describe('a solution', () => {
  test('is submitted as the program that it holds, for the problem of its definition; one in CUDA is refused with what to do', async () => {
    const server = await serveFake();
    const cli = (...args: string[]): Promise<CliRun> => runCli([...args, '--url', server.url], { cwd: folder });
    const taken = await cli('submit', 'traces/solutions/one-program-a-row.json', '--problem', 'vector_add');
    expect(taken.stderr).toContain('is taken for the solution "one program a row" of scaled_norm_h128');
    expect([taken.code, taken.stdout]).toEqual([0, expect.stringContaining('queued') as string]);
    const refused = await cli('submit', 'traces/solutions/by-hand.json');
    expect(refused.stderr).toContain('is in cuda: hand in its kernel with a launch plan');
    await server.stop();
  });
});
