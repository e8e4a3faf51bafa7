import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { refreshedText } from '../../src/cli/commands/fleet.ts';
import { kilnFolder, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder, KilnProcess } from '../support/kiln-process.ts';

const PROGRAMS = '/usr/bin';
const KERNEL = `/* kiln
launch:
  - {kernel: add, args: [a, b, out, n]}
*/
void add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
}
`;

let folder: KilnFolder | null = null;
let kiln: KilnProcess | null = null;
afterEach(async () => {
  try {
    await kiln?.stop();
  } finally {
    folder?.remove();
  }
});

/** All that a host has on its PATH but gcc. */
const withoutGcc = (path: string): string => {
  const bin = join(path, 'bin');
  mkdirSync(bin);
  const others = readdirSync(PROGRAMS).filter((name) => !name.includes('gcc') && !['cc', 'c89', 'c99'].includes(name));
  for (const name of others) symlinkSync(join(PROGRAMS, name), join(bin, name));
  return bin;
};

const installGcc = (bin: string): void => {
  const gcc = execFileSync('which', ['gcc'], { encoding: 'utf8' }).trim();
  writeFileSync(join(bin, 'gcc'), `#!/bin/sh\nPATH=${process.env['PATH']} exec ${gcc} "$@"\n`, { mode: 0o755 });
};

test('what waits for a compiler is compiled once that is installed, by a refresh and without any restart', async () => {
  folder = kilnFolder('hosts: []\n');
  const bin = withoutGcc(folder.path);
  folder.write(
    'fleet.yaml',
    `hosts:\n  - {name: box, command: [env, "PATH=${bin}"], runnerDir: ${folder.path}/box, cpu: true, gpus: none}\n`,
  );
  kiln = await startKiln(folder);
  const { client } = kiln;
  const [answer] = (await client.submit([{ problem: 'vector_add', device: 'cpu', language: 'c', source: KERNEL }])).candidates;
  await expect.poll(async () => (await client.fleet()).hosts[0]?.state).toBe('connected');
  // Soon after the fleet shows it as connected: its records are read before it is given work.
  await expect
    .poll(async () => (await client.queue()).byDevice.map((each) => each.blocked))
    .toEqual(['no matching host with cpu supports c']);
  expect(refreshedText(await client.refreshHosts())).toBe('box: nothing changed');
  installGcc(bin);
  expect(refreshedText(await client.refreshHosts('box'))).toMatch(/^box: gcc: none -> .*gcc/i);
  const verdicts = await untilDone(client, new Set([answer?.id ?? '']));
  expect([...verdicts.values()]).toEqual(['passed']);
  expect((await client.fleet()).hosts[0]?.inventory?.languages).toContain('c');
});
