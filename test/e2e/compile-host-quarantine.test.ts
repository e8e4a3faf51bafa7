/** Simulated GPUs: their judge finds wrong what their compiler made while it computes wrongly. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { fleetText } from '../../src/cli/commands/fleet.ts';
import { candidateText } from '../../src/cli/commands/show.ts';
import type { KilnClient } from '../../src/client/create-client.ts';
import { addition } from '../support/addition.ts';
import { kilnFolder, startKiln } from '../support/kiln-process.ts';
import type { KilnFolder, KilnProcess } from '../support/kiln-process.ts';
import { follow, havePassed } from '../support/journal-lines.ts';

const FIRST = 20;
const CANDIDATES = 80;

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

const submit = async (client: KilnClient, from: number, count: number): Promise<readonly string[]> => {
  const batch = Array.from({ length: count }, (_, index) => ({
    problem: 'vector_add',
    device: 'simulated',
    source: addition(from + index),
  }));
  return (await client.submit(batch)).candidates.map(({ id }) => id);
};

const compilerOf = async (client: KilnClient, host: string) =>
  (await client.fleet()).hosts.find(({ name }) => name === host)?.compilerQuarantine ?? null;

test('no correct candidate keeps a wrong answer that a compile host caused: it compiles nothing more, and others judge again', async () => {
  folder = kilnFolder('hosts: []\n', { KILN_SIMULATED_DEVICES: '2' });
  const broken = join(folder.path, 'broken');
  folder.write(
    'fleet.yaml',
    `hosts:
  - {name: judging, local: {}, cpu: false, gpus: auto, compileSlots: 1}
  - {name: compiling, command: [env, "KILN_SIMULATED_WRONG_COMPILER=${broken}"], runnerDir: ${folder.path}/compiling, cpu: false, gpus: none, compileSlots: 4}
`,
  );
  kiln = await startKiln(folder);
  const { client } = kiln;
  await follow(client, 'both hosts', (seen) => ['judging', 'compiling'].every((name) => seen.includes(`host.connected ${name}`)));
  const first = await submit(client, 0, FIRST);
  await follow(client, 'the first verdicts', havePassed(first));
  writeFileSync(broken, '');
  const ids = await submit(client, 1_000, CANDIDATES);
  await follow(client, 'a quarantine', (seen) => seen.includes('compiler.quarantined compiling'));
  await follow(client, 'every verdict', havePassed([...first, ...ids]));

  const view = await client.fleet();
  expect(view.hosts.flatMap(({ devices }) => devices).filter(({ quarantine }) => quarantine)).toEqual([]);
  expect((await compilerOf(client, 'compiling'))?.reason).toMatch(/wrong_answer.*compiled by judging itself it passed/);
  expect(fleetText(view)).toMatch(/QUARANTINED[^]*compiling: compiles nothing for others since .*kiln fleet resume compiling/);
  const records = await Promise.all(ids.map(async (id) => client.candidate(id)));
  const taken = records.find(({ judgedAgain }) => judgedAgain?.verdict === 'wrong_answer');
  if (!taken) throw new Error('no verdict was taken back');
  expect(candidateText(taken, { waitsFor: null, library: null })).toMatch(
    /judged again +compile host compiling failed its check at .*wrong_answer/,
  );
  expect(await client.metrics()).toMatch(/kiln_compiler_quarantined\{host="compiling"\} 1/);

  // Still so after a restart; and it comes back by itself once its compiler is right again.
  await kiln.stop();
  kiln = await startKiln(folder);
  expect(await compilerOf(kiln.client, 'compiling')).not.toBeNull();
  rmSync(broken);
  await follow(kiln.client, 'its return', (seen) => seen.includes('compiler.returned compiling'));
  const last = await submit(kiln.client, 5_000, FIRST);
  await follow(kiln.client, 'the last verdicts', havePassed(last));
  expect(await compilerOf(kiln.client, 'compiling')).toBeNull();
});
