import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { candidateText } from '../../src/cli/commands/show.ts';
import { fleetText } from '../../src/cli/commands/fleet.ts';
import type { KilnClient } from '../../src/client/create-client.ts';
import { kilnFolder, startKiln } from '../support/kiln-process.ts';
import type { KilnFolder, KilnProcess } from '../support/kiln-process.ts';
import { follow, havePassed } from '../support/journal-lines.ts';

const FIRST = 6;
const CANDIDATES = 24;

/** A correct kernel; each its own source. */
const correct = (index: number): string => `/* kiln
launch:
  - {kernel: add, args: [a, b, out, n]}
*/
void add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i]; /* ${index} */
}
`;

let folder: KilnFolder | null = null;
let kiln: KilnProcess | null = null;
afterEach(async () => {
  try {
    await kiln?.stop();
  } finally {
    folder?.remove();
    folder = null;
    kiln = null;
  }
});

const KERNELS = join(import.meta.dirname, '../../kernels');
const PROBLEM = `name: vector_add
title: Vector addition, small
description: out[i] = a[i] + b[i].
variables: [n]
tensors:
  a: {dtype: f32, shape: [n], role: in, distribution: {kind: normal}}
  b: {dtype: f32, shape: [n], role: in, distribution: {kind: normal}}
  out: {dtype: f32, shape: [n], role: out}
tolerance: {rtol: 0, atol: 0, relative_l2: 1.0e-7}
check:
  - {name: odd, shape: {n: 1003}}
bench:
  cpu:
    - {name: 4K, shape: {n: 4096}}
floor: {read_bytes: 8*n, write_bytes: 4*n, flops: n, unit: f32}
cpu: {reference: reference.c, baseline: baseline.c}
`;

/** Judged in milliseconds: what is watched here is not how fast a kernel is. */
const smallFolder = (): KilnFolder => {
  const made = kilnFolder('hosts: []\n');
  const problem = join(made.path, 'kernels/vector_add');
  mkdirSync(problem, { recursive: true });
  writeFileSync(join(problem, 'problem.yaml'), PROBLEM);
  for (const file of ['reference.c', 'baseline.c']) copyFileSync(join(KERNELS, 'vector_add', file), join(problem, file));
  made.write(
    'kiln.yaml',
    `kernelsDir: ${made.path}/kernels\njudging: {timing: {warmupRuns: 1, runsMin: 3, runsMax: 5, caseBudgetMs: 5}}\n`,
  );
  return made;
};

/** A host whose gcc computes wrongly while the file `broken` is there: every sum becomes a difference. */
const wrongCompiler = ({ path }: KilnFolder): { readonly bin: string; breakIt(): void; repair(): void } => {
  const bin = join(path, 'bin');
  const broken = join(bin, 'broken');
  const gcc = execFileSync('which', ['gcc'], { encoding: 'utf8' }).trim();
  mkdirSync(bin);
  // The user that sources are compiled as must be able to see it.
  for (const open of [path, bin]) chmodSync(open, 0o755);
  writeFileSync(
    join(bin, 'gcc'),
    `#!/bin/sh\nif [ -e ${broken} ] && [ -e candidate.c ]; then sed -i 's/a\\[i\\] + b\\[i\\]/a[i] - b[i]/' candidate.c; fi\nexec ${gcc} "$@"\n`,
  );
  chmodSync(join(bin, 'gcc'), 0o755);
  return { bin, breakIt: () => writeFileSync(broken, ''), repair: () => rmSync(broken) };
};

const fleetOf = ({ path }: KilnFolder, bin: string, hosts: readonly string[]): string => {
  const lines: Readonly<Record<string, string>> = {
    wrong: `  - {name: wrong, command: [env, "PATH=${bin}:${process.env['PATH']}"], runnerDir: ${path}/wrong, cpu: true, gpus: none}`,
    good: `  - {name: good, command: [env], runnerDir: ${path}/good, cpu: true, gpus: none}`,
  };
  return `hosts:\n${hosts.map((name) => lines[name]).join('\n')}\n`;
};

const submit = async (client: KilnClient, from: number, count: number): Promise<readonly string[]> => {
  const batch = Array.from({ length: count }, (_, index) => ({
    problem: 'vector_add',
    device: 'cpu',
    language: 'c' as const,
    source: correct(from + index),
  }));
  return (await client.submit(batch)).candidates.map(({ id }) => id);
};

const verdictsOf = async (client: KilnClient, ids: readonly string[]): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const id of ids) {
    const { state } = await client.candidate(id);
    const verdict = state.status === 'done' ? state.outcome.verdict : state.status;
    counts[verdict] = (counts[verdict] ?? 0) + 1;
  }
  return counts;
};

test('no correct candidate keeps a wrong answer that a host with a wrong compiler gave: it is quarantined, and others judge again', async () => {
  folder = smallFolder();
  const compiler = wrongCompiler(folder);
  folder.write('fleet.yaml', fleetOf(folder, compiler.bin, ['wrong', 'good']));
  kiln = await startKiln(folder);
  const { client } = kiln;
  await follow(client, 'both hosts', (seen) => ['wrong', 'good'].every((name) => seen.includes(`host.connected ${name}`)));
  const first = await submit(client, 0, FIRST);
  await follow(client, 'the first verdicts', havePassed(first));
  compiler.breakIt();
  const ids = await submit(client, 1_000, CANDIDATES);
  await follow(client, 'a quarantine', (seen) => seen.includes('device.quarantined wrong'));
  await follow(client, 'every verdict', havePassed([...first, ...ids]));
  expect(await verdictsOf(client, [...first, ...ids])).toEqual({ passed: first.length + CANDIDATES });

  const view = await client.fleet();
  const device = view.hosts.find(({ name }) => name === 'wrong')?.devices[0];
  expect(device?.quarantine?.reason).toMatch('wrong_answer');
  expect(fleetText(view)).toMatch(
    /QUARANTINED[^]*wrong: .*failed a known-good candidate \(vector_add\/.*kiln fleet resume wrong/,
  );
  const candidates = await Promise.all(ids.map(async (id) => client.candidate(id)));
  const taken = candidates.find(({ judgedAgain }) => judgedAgain?.verdict === 'wrong_answer');
  if (!taken) throw new Error('no verdict was taken back');
  expect(candidateText(taken, { waitsFor: null, library: null })).toMatch(
    /judged again +host wrong failed its check at .*wrong_answer/,
  );
  expect(await client.metrics()).toMatch(/kiln_device_quarantined\{host="wrong",device=".*"\} 1/);

  // Still so after a restart; and it comes back by itself once its compiler is right again.
  await kiln.stop();
  kiln = await startKiln(folder);
  const restarted = kiln.client;
  await expect
    .poll(async () => {
      const { hosts } = await restarted.fleet();
      return hosts.find(({ name }) => name === 'wrong')?.devices.map(({ quarantine }) => quarantine?.reason);
    })
    .toEqual([expect.stringContaining('wrong_answer')]);
  compiler.repair();
  await follow(kiln.client, 'its return', (seen) => seen.includes('device.returned wrong'));
  const last = await submit(kiln.client, 5_000, FIRST);
  await follow(kiln.client, 'the last verdicts', havePassed(last));
  expect(await verdictsOf(kiln.client, last)).toEqual({ passed: last.length });
});

test('a host that is alone is found by its own past; its candidates wait for it, and an operator may take it back', async () => {
  folder = smallFolder();
  const compiler = wrongCompiler(folder);
  folder.write('fleet.yaml', fleetOf(folder, compiler.bin, ['wrong']));
  kiln = await startKiln(folder);
  const { client } = kiln;
  const first = await submit(client, 0, FIRST);
  await follow(client, 'the first verdicts', havePassed(first));
  compiler.breakIt();
  const ids = await submit(client, 1_000, 16);
  await follow(client, 'a quarantine', (seen) => seen.includes('device.quarantined wrong'));
  // All that came before may have been judged by then: what comes now has to wait, and is told why.
  const late = await submit(client, 2_000, FIRST);
  await expect
    .poll(async () => (await client.queue()).byDevice.find(({ device }) => device === 'cpu')?.blocked ?? '')
    .toMatch(/quarantined/);
  compiler.repair();
  const { devices } = await client.resumeHost('wrong');
  // Its next canary may have come in between, and have passed.
  if (devices.length === 0) await follow(client, 'its return by itself', (seen) => seen.includes('device.returned wrong'));
  const all = [...first, ...ids, ...late];
  await follow(client, 'every verdict', havePassed(all));
  expect(await verdictsOf(client, all)).toEqual({ passed: all.length });
  await expect(client.resumeHost('nobody')).rejects.toThrow(/no host "nobody"; known are wrong/);
});
