import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../support/server/run-cli.ts';

const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts');
/** The example of the documentation. */
const EXAMPLE = join(import.meta.dirname, '../../fixtures/problems/scale');

describe('kiln doctor', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-doctor-'));
    writeFileSync(join(folder, 'kiln.yaml'), `kernelsDir: ${join(folder, 'kernels')}\n`);
    cpSync(EXAMPLE, join(folder, 'kernels/scale'), { recursive: true });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const withFleet = (fleet: string) => {
    writeFileSync(join(folder, 'fleet.yaml'), fleet);
    return {
      KILN_CONFIG: join(folder, 'kiln.yaml'),
      KILN_FLEET: join(folder, 'fleet.yaml'),
      KILN_DATA_DIR: join(folder, 'data'),
    };
  };
  const doctor = (fleet: string, ...args: string[]) => runCli(['doctor', ...args], { env: withFleet(fleet) });

  test('finds nothing missing on a machine that has what it needs', async () => {
    const run = await doctor('hosts:\n  - {name: here, local: {}, cpu: true, gpus: none}\n');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^this machine\n {2}ok {7}node: v\d+/);
    expect(run.stdout).toMatch(/\nhere\n {2}ok {7}reachable: local\n/);
  });

  test('prints each check as it comes, while a host has not answered yet', async () => {
    const gate = join(folder, 'gate');
    const slow = join(folder, 'slow');
    execFileSync('mkfifo', [gate]);
    writeFileSync(slow, `#!/bin/sh\nread line < '${gate}'\nexit 1\n`);
    chmodSync(slow, 0o755);
    const env = withFleet(`hosts:\n  - {name: slow, command: [${slow}]}\n`);
    const child = spawn(process.execPath, [MAIN, 'doctor'], { env: { ...process.env, ...env } });
    onTestFinished(() => void child.kill());
    child.stdout.setEncoding('utf8');
    const seen = await new Promise<string>((resolve) => {
      let text = '';
      child.stdout.on('data', (more: string) => {
        text += more;
        if (text.includes('fleet: ')) resolve(text);
      });
    });
    expect(seen).toMatch(/^this machine\n {2}ok {7}node: v\d+/);
    expect(seen).not.toContain('\nslow\n');
    // Also for reading, so that it waits for no other end.
    const writer = await open(gate, 'r+');
    await writer.write('\n');
    await once(child, 'close');
    await writer.close();
    expect(child.exitCode).toBe(1);
  });

  test('tells what is wrong with a host, how to fix it, and exits with 1', async () => {
    const run = await doctor('hosts:\n  - {name: gone, command: [/nonexistent/program]}\n');
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/gone\n(.*\n)* {2}MISSING {2}.*\n {12}-> .+/);
    expect(run.stderr).toMatch(/needs? attention/);
  });

  test('tries each problem, and says which could judge nobody', async () => {
    const broken = join(folder, 'kernels/broken');
    onTestFinished(() => rmSync(broken, { recursive: true }));
    cpSync(EXAMPLE, broken, { recursive: true });
    const edit = (file: string, from: string, to: string): void =>
      writeFileSync(join(broken, file), readFileSync(join(broken, file), 'utf8').replace(from, to));
    edit('problem.yaml', 'name: scale', 'name: broken');
    edit('reference.c', 'x[i] * factor', 'x[i] *');
    const run = await doctor('hosts:\n  - {name: here, command: [/nonexistent/program]}\n');
    expect(run.stdout).toMatch(
      /^ {2}MISSING {2}problem broken: the reference does not compile:\n(.*\n)*.*error: expected expression/m,
    );
    expect(run.stdout).toMatch(/^ {2}ok {7}problem scale: its baseline agrees with its reference on the cpu device, case \w+$/m);
    const whole = await doctor('hosts:\n  - {name: here, command: [/nonexistent/program]}\n', '--problems');
    expect(whole.stdout).toMatch(/^ {2}ok {7}problem scale: each of \d+ wrong versions of its reference is found$/m);
  });

  test('goes no further than a configuration that is wrong, and names the line', async () => {
    const run = await doctor('hosts:\n  - {name: a, local: {}}\n  - {name: a, local: {}}\n', '--json');
    expect(run).toMatchObject({ code: 1, stderr: '' });
    const diagnoses = JSON.parse(run.stdout) as { host: string; checks: { check: string; ok: boolean; found: string }[] }[];
    expect(diagnoses.map(({ host }) => host)).toEqual(['this machine']);
    expect(diagnoses[0]?.checks.find(({ ok }) => !ok)).toMatchObject({
      check: 'fleet',
      found: expect.stringContaining('fleet.yaml:3') as unknown,
    });
  });
});
