import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { passed, score } from '../../support/server/fake-outcomes.ts';
import { type CliRun, runCli } from '../../support/server/run-cli.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const SWEPT = '/* kiln\nparams: {BLOCK: 64, VEC: 1}\nlaunch: [{kernel: f, args: []}]\n*/';
const SWEEP_FILE = `
problem: vector_add
file: swept.c
space:
  BLOCK: 64..256 powers
  VEC: [1, 2]
where: ["BLOCK * VEC <= 256"]
strategy: random
seed: 7
`;
let server: FakeServer;
let folder: string;
beforeEach(async () => {
  server = await serveFake();
  folder = mkdtempSync(join(tmpdir(), 'kiln-cli-'));
  writeFileSync(join(folder, 'swept.c'), SWEPT);
  writeFileSync(join(folder, 'tuning.yaml'), SWEEP_FILE);
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const kiln = (...args: string[]): Promise<CliRun> => runCli(['sweep', ...args], { url: server.url, cwd: folder });
const judgeAll = (): void => {
  server.kiln.onSubmit((id, { params }) => {
    const speedup = 1 + Number(params['BLOCK']) / 1000;
    setImmediate(() => server.kiln.finish(id, passed(speedup), score(speedup)));
  });
};

describe('kiln sweep', () => {
  test('FILE --watch judges every point and prints the best first', async () => {
    judgeAll();
    const run = await kiln('swept.c', '-p', 'vector_add', '--space', 'BLOCK=64,128,256', '--watch');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const lines = run.stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^s-\w+ {2}vector_add on cpu {2}3 of 3 done: 3 passed$/);
    expect(lines[1]).toContain('grid, finished: every point of the space was tried');
    expect(lines.slice(2).map((line) => /BLOCK=\d+/.exec(line)?.[0])).toEqual(['BLOCK=256', 'BLOCK=128', 'BLOCK=64']);
  });

  test('start reads a sweep file; options win over it', async () => {
    const run = await kiln('start', 'tuning.yaml', '--space', 'VEC=1', '--seed', '9');
    expect(run.stdout).toMatch(/^(s-\w+) {2}3 points\nfollow it with: kiln sweep show \1 --watch\n$/);
    const [id = ''] = run.stdout.split(' ');
    const { spec } = JSON.parse((await kiln('show', id, '--json')).stdout) as { spec: object };
    expect(spec).toMatchObject({ axes: { BLOCK: [64, 128, 256], VEC: [1] }, strategy: 'random', seed: 9 });
    expect((await kiln('list')).stdout).toContain(id);
  });

  test('a sweep file that is none names its line', async () => {
    writeFileSync(join(folder, 'bad.yaml'), SWEEP_FILE.replace('64..256 powers', '256..64'));
    const run = await kiln('start', 'bad.yaml');
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: bad\.yaml:5:\d+: space\.BLOCK: .*goes down/) as string,
    });
  });

  test('results are a table, CSV, JSON lines and the best configuration; plots are SVG', async () => {
    judgeAll();
    const run = await kiln('tuning.yaml', '--watch', '--json');
    const { id } = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '') as { id: string };
    const csv = (await kiln('results', id, '-f', 'csv')).stdout.trimEnd().split('\n');
    expect(csv[0]).toMatch(/^BLOCK,VEC,reported,candidate,verdict,speedup/);
    expect(csv).toHaveLength(6);
    expect((await kiln('results', id)).stdout.split('\n')[1]).toMatch(/^ *256 +1 +passed +1\.26x/);
    expect(JSON.parse((await kiln('results', id, '--json')).stdout.split('\n')[0] ?? '')).toMatchObject({
      reported: 1,
      verdict: 'passed',
    });
    const t4 = JSON.parse((await kiln('results', id, '-f', 't4')).stdout) as { readonly results: readonly object[] };
    expect(t4).toMatchObject({ schema_version: '1.0.0', metadata: { timeunit: 'milliseconds' } });
    expect(t4.results).toHaveLength(5);
    expect(t4.results[0]).toMatchObject({
      configuration: { BLOCK: expect.any(Number) as number },
      invalidity: 'correct',
      correctness: 1,
    });
    await kiln('results', id, '-f', 'best', '-o', 'best.json');
    expect(JSON.parse(readFileSync(join(folder, 'best.json'), 'utf8'))).toMatchObject({
      problem: 'vector_add',
      params: { BLOCK: 256, VEC: 1 },
    });
    for (const kind of ['coordinates', 'heat', 'progress']) {
      await kiln('plot', id, '-k', kind, '-o', `${kind}.svg`);
      expect(readFileSync(join(folder, `${kind}.svg`), 'utf8')).toMatch(/^<svg [^]*<\/svg>\n$/);
    }
    const wrong = await kiln('plot', id, '-k', 'heat', '--across', 'WIDTH', '-o', 'none.svg');
    expect(wrong.stderr).toContain('"WIDTH" is none; there are BLOCK, VEC');
    expect(existsSync(join(folder, 'none.svg'))).toBe(false);
  });

  test('pause, resume, extend and cancel say how it is then', async () => {
    const [id = ''] = (await kiln('tuning.yaml', '--budget-candidates', '2', '--max-running', '1')).stdout.split(' ');
    expect((await kiln('pause', id)).stdout).toContain('random, paused: paused by a person');
    expect((await kiln('extend', id, '--budget-candidates', '2', '--json')).stdout).toContain('"candidates":4');
    expect((await kiln('resume', id)).stdout).toContain('random, running');
    expect((await kiln('cancel', id)).stdout).toContain('random, cancelled');
    expect(await kiln('resume', id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is cancelled; start another one') as string,
    });
    expect(await kiln('extend', id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('give candidates, gpuSeconds or minutes') as string,
    });
  });
});
