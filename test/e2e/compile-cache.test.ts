import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { kilnFolder, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder, KilnProcess } from '../support/kiln-process.ts';

const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';
/** Counts are of what is submitted: a canary on a slow machine would be one more. */
const NO_CANARIES = { KILN_CANARY_FIRST_SECONDS: '86400' };
const TRIALS = 20;
const POINTS = 12;
const SOURCE = `/* kiln
params: {BLOCK: 256}
launch:
  - {kernel: add, grid: [ceil_div(n, BLOCK)], block: [BLOCK], args: [a, b, out, n]}
*/
extern "C" __global__ void add(const float* a, const float* b, float* out, int n) {}
`;

let folder: KilnFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

const trials = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    problem: 'vector_add',
    device: 'simulated',
    source: SOURCE,
    trial: from + index,
  }));

const judge = async ({ client }: KilnProcess, from: number, count: number) => {
  const { candidates } = await client.submit(trials(from, count));
  const ids = candidates.map(({ id }) => id);
  const verdicts = await untilDone(client, new Set<string>(ids));
  expect(new Set(verdicts.values())).toEqual(new Set(['passed']));
  return ids;
};

const compiles = async ({ client }: KilnProcess): Promise<Record<string, number>> => {
  const samples = (await client.metrics()).matchAll(/^kiln_compiles_total\{host="simulated",result="(\w+)"\} (\d+)$/gm);
  const counts: Record<string, number> = {};
  for (const [, result = '', count] of samples) counts[result] = Number(count);
  return counts;
};

test('a host is asked to compile a source once, and again only when it has lost the artifact', async () => {
  folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '2', ...NO_CANARIES });
  const kiln = await startKiln(folder);
  await judge(kiln, 0, 1);
  expect(await compiles(kiln)).toEqual({ compiled: 1 });
  await judge(kiln, 1, TRIALS);
  expect(await compiles(kiln)).toEqual({ compiled: 1, known: TRIALS });
  expect((await kiln.client.fleet()).hosts[0]?.compile).toMatchObject({ compiled: 1, cached: TRIALS });

  const artifacts = globSync(join(folder.path, '**/artifacts/*'));
  expect(artifacts).not.toEqual([]);
  for (const artifact of artifacts) rmSync(artifact, { recursive: true });
  const [last] = await judge(kiln, 1 + TRIALS, 1);
  if (!last) throw new Error('no candidate was taken');
  expect(await compiles(kiln)).toEqual({ compiled: 2, known: TRIALS + 1 });
  const { attempts, infraFailures } = await kiln.client.candidate(last);
  expect(infraFailures).toBe(0);
  expect(attempts.map(({ verdict, infra }) => verdict ?? infra?.split(':')[0])).toEqual(['unknown_artifact', 'passed']);
  await kiln.stop();
});

test('a would-be record is paired with the record holder without compiling the holder again', async () => {
  folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '1', ...NO_CANARIES });
  const kiln = await startKiln(folder);
  const points = Array.from({ length: POINTS }, (_, index) => ({
    problem: 'vector_add',
    device: 'simulated',
    source: SOURCE,
    params: { BLOCK: 32 * (index + 1) },
  }));
  const { candidates } = await kiln.client.submit(points);
  const ids = candidates.map(({ id }) => id);
  await untilDone(kiln.client, new Set<string>(ids));
  const records = await Promise.all(ids.map(async (id) => kiln.client.candidate(id)));
  const paired = records.flatMap(({ attempts }) => attempts).filter(({ timings }) => timings.some(({ record }) => record));
  expect(paired.length).toBeGreaterThan(0);
  expect(await compiles(kiln)).toEqual({ compiled: POINTS, known: paired.length });
  await kiln.stop();
});
