import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { nanoseconds } from '../../src/domain/text/units.ts';
import { kilnFolder, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder } from '../support/kiln-process.ts';
import { runCli } from '../support/server/run-cli.ts';
import { HANG_MS } from '../support/limits.ts';

const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';
const SOURCE = 'def custom_kernel(data):\n    a, b, out = data\n    return a + b\n';

let folder: KilnFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

test('a program is built, recorded and judged by a real runner, and keeps its verdict over a restart', async () => {
  // A canary on a slow machine would be compiled too.
  const settings = { KILN_SIMULATED_DEVICES: '2', KILN_SIMULATED_RECORDER: '1', KILN_CANARY_FIRST_SECONDS: '86400' };
  folder = kilnFolder(FLEET, settings);
  const kiln = await startKiln(folder);
  for await (const event of kiln.client.events({ after: 0, signal: AbortSignal.timeout(HANG_MS) }))
    if (event.type === 'host.connected') break;
  const program = { entry: { file: 'submission.py', symbol: 'custom_kernel', style: 'custom_kernel' as const } };
  const body = { problem: 'vector_add', device: 'simulated', language: 'python' as const, source: SOURCE, program };
  const { candidates } = await kiln.client.submit([body, { ...body, trial: 1 }]);
  const ids = candidates.map(({ id }) => id);
  const verdicts = await untilDone(kiln.client, new Set<string>(ids));
  expect([...verdicts.values()]).toEqual(['passed', 'passed']);
  // Its build is asked for once; each trial is recorded with a hidden case of its own.
  expect(await kiln.client.metrics()).toMatch(/^kiln_compiles_total\{host="simulated",result="compiled"\} 3$/m);
  await kiln.stop();
  const again = await startKiln(folder);
  expect(await again.client.candidate(ids[0] ?? '')).toMatchObject({ state: { outcome: { verdict: 'passed' } } });
  await again.stop();
});

test('programs that cannot be recorded, or whose recording is wrong, are judged by their answers and ranked apart', async () => {
  folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_RECORDER: '1' });
  const kiln = await startKiln(folder);
  for await (const event of kiln.client.events({ after: 0, signal: AbortSignal.timeout(HANG_MS) }))
    if (event.type === 'host.connected') break;
  const entry = { file: 'submission.py', symbol: 'custom_kernel', style: 'custom_kernel' as const };
  const body = { problem: 'vector_add', device: 'simulated', language: 'python' as const };
  const { candidates } = await kiln.client.submit([
    { ...body, source: SOURCE, program: { entry } },
    { ...body, source: SOURCE, program: { entry, prefer: 'program' } },
    { ...body, source: `# simulated: it cannot be recorded\n${SOURCE}`, program: { entry } },
    { ...body, source: `# simulated: its recording is wrong\n${SOURCE}`, program: { entry } },
  ]);
  const ids = candidates.map(({ id }) => id);
  const verdicts = await untilDone(kiln.client, new Set<string>(ids));
  expect([...verdicts.values()]).toEqual(['passed', 'passed', 'passed', 'passed']);
  const reasons = await Promise.all(ids.map(async (id) => (await kiln.client.candidate(id)).byAnswers));
  expect(reasons).toEqual([
    null,
    { reason: 'it was submitted to be judged by its answers', recording: null },
    { reason: 'it cannot be recorded: a simulated recorder was asked to refuse it', recording: 'contract' },
    {
      reason: expect.stringContaining('its recording is wrong on inputs that it was not made with') as string,
      recording: 'wrong_answer',
    },
  ]);
  const ranked = async (query: object) =>
    (await kiln.client.ranking('vector_add', query)).models.flatMap(({ entries }) =>
      entries.map(({ candidateId }) => candidateId),
    );
  expect(await ranked({})).toEqual([ids[0]]);
  expect((await ranked({ class: 'program' })).toSorted()).toEqual(ids.slice(1).toSorted());
  await kiln.stop();
});

test('a problem whose reference is a program judges device code by a recording that its host makes', async () => {
  folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_RECORDER: '1' });
  const kernels = join(folder.path, 'kernels');
  mkdirSync(kernels);
  cpSync(join(import.meta.dirname, '../fixtures/problems/scale'), join(kernels, 'scale'), { recursive: true });
  const file = join(kernels, 'scale/problem.yaml');
  const reference = 'gpu: {reference: {file: reference.py, symbol: run, style: function}}';
  writeFileSync(file, readFileSync(file, 'utf8').replace('gpu: {reference: reference.cu, baseline: reference.cu}', reference));
  writeFileSync(join(kernels, 'scale/reference.py'), 'def run(x, factor):\n    return x * factor\n');
  const kiln = await startKiln({ ...folder, env: { ...folder.env, KILN_KERNELS_DIR: kernels } });
  for await (const event of kiln.client.events({ after: 0, signal: AbortSignal.timeout(HANG_MS) }))
    if (event.type === 'host.connected') break;
  const source = readFileSync(join(kernels, 'scale/reference.cu'), 'utf8');
  const { candidates } = await kiln.client.submit([{ problem: 'scale', device: 'simulated', language: 'cuda', source }]);
  const verdicts = await untilDone(kiln.client, new Set<string>(candidates.map(({ id }) => id)));
  expect([...verdicts.values()]).toEqual(['passed']);
  await kiln.stop();
});

test('what a library takes is measured by a real runner once its device is idle, and kept over a restart', async () => {
  folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_RECORDER: '1', KILN_LIBRARY_TIMES: 'true' });
  const kernels = join(folder.path, 'kernels');
  cpSync(join(import.meta.dirname, '../../kernels/vector_add'), join(kernels, 'vector_add'), { recursive: true });
  folder.env['KILN_KERNELS_DIR'] = kernels;
  const kiln = await startKiln(folder);
  const measured = async ({ client }: typeof kiln) => (await client.library('vector_add')).models[0]?.reason === null;
  await expect.poll(async () => measured(kiln), { interval: 1000 }).toBe(true);
  const { models } = await kiln.client.library('vector_add');
  expect(models[0]?.cases.map(({ case: name }) => name)).toEqual(['4M', '16M', '64M']);
  expect((await kiln.client.ranking('vector_add')).models).toEqual([]);
  const cases = models[0]?.cases.map(({ case: name, medianNs }) => `${name} ${nanoseconds(medianNs)}`).join(', ');
  const { stdout } = await runCli(['problems', 'vector_add'], { url: kiln.url });
  expect(stdout).toContain(`library on Kiln simulated GPU (${models[0]?.environment}): ${cases}`);
  await kiln.stop();
  const again = await startKiln(folder);
  expect(await again.client.library('vector_add')).toEqual({ problem: 'vector_add', program: 'library.py', models });
  await again.stop();
});
