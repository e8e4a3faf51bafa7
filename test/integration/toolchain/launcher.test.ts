import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const LAUNCHER_FILES = ['kiln', 'scripts/installed.ts', 'scripts/native-crypto.ts'];

/** Stands in for npm: writes down what it was asked and makes node_modules as `npm ci` would. */
const FAKE_NPM = `#!/usr/bin/env bash
echo "$* cache=$npm_config_cache" >>"$KILN_TEST_LOG"
[[ -n \${KILN_TEST_NPM_FAILS:-} ]] && { echo 'npm error network' >&2; exit 1; }
project=\${KILN_TEST_PROJECT}
rm -rf "$project/node_modules"; mkdir "$project/node_modules"
cp "$project/package-lock.json" "$project/node_modules/.package-lock.json"
`;

const write = (path: string, text: string, mode = 0o644): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
};

describe('the launcher', () => {
  let root = '';
  let project = '';

  const environment = (extra: Readonly<Record<string, string>> = {}): Record<string, string> => ({
    PATH: `${join(root, 'bin')}:/usr/bin:/bin`,
    HOME: join(root, 'home'),
    KILN_TEST_LOG: join(root, 'npm.log'),
    KILN_TEST_PROJECT: project,
    ...extra,
  });

  const launch = (args: readonly string[], extra: Readonly<Record<string, string>> = {}, file = join(project, 'kiln')) =>
    spawnSync(file, args, { env: environment(extra), cwd: root, encoding: 'utf8' });

  const npmCalls = (): readonly string[] => {
    const log = join(root, 'npm.log');
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kl-'));
    project = join(root, 'a project with spaces');
    for (const file of LAUNCHER_FILES) cpSync(file, join(project, file), { recursive: true });
    mkdirSync(join(root, 'home'));
    write(join(root, 'bin', 'npm'), FAKE_NPM, 0o755);
    symlinkSync(process.execPath, join(root, 'bin', 'node'));
    write(join(project, 'package.json'), '{"type":"module"}');
    write(join(project, 'package-lock.json'), '{"packages":{"node_modules/a":{"version":"1.0.0"}}}');
    write(
      join(project, 'src/cli/main.ts'),
      'console.log(JSON.stringify({ args: process.argv.slice(2) as string[], cwd: process.cwd() }));',
    );
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test('installs once, then runs the CLI from any folder with its arguments as they are', () => {
    const first = launch(['rank', 'a b', '*']);
    expect(JSON.parse(first.stdout)).toEqual({ args: ['rank', 'a b', '*'], cwd: root });
    expect(first.stderr).toContain('kiln: installing dependencies (production)');
    expect(launch(['queue']).stderr).toBe('');
    expect(npmCalls()).toHaveLength(1);
    expect(npmCalls()[0]).toContain('ci');
    expect(npmCalls()[0]).toContain('--omit=dev');
  });

  test('prepares a machine without running anything, and says where Node is', () => {
    expect(launch(['setup']).stdout).toBe(`${realpathSync(process.execPath)}\n`);
    expect(npmCalls()).toHaveLength(1);
  });

  test('asks Node what it is once, and again when it was exchanged', () => {
    const log = join(root, 'node.log');
    const shim = `#!/bin/sh\necho "$1" >>'${log}'\nexec '${process.execPath}' "$@"\n`;
    const asked = (): number =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line === '-p').length;
    rmSync(join(root, 'bin', 'node'));
    write(join(root, 'bin', 'node'), shim, 0o755);
    for (const word of ['queue', 'list']) expect(JSON.parse(launch([word]).stdout)).toMatchObject({ args: [word] });
    expect(asked()).toBe(1);
    write(join(root, 'bin', 'node'), shim, 0o755);
    expect(launch(['queue']).status).toBe(0);
    expect(asked()).toBe(2);
  });

  test('takes no word of an earlier start for more than it installed', () => {
    launch(['queue']);
    write(join(project, 'scripts', 'ensure-tools'), '#!/bin/sh\n', 0o755);
    write(join(project, 'scripts', 'test'), '#!/bin/sh\n', 0o755);
    rmSync(join(project, 'node_modules', '.package-lock.json'));
    expect(launch(['test']).status).toBe(0);
    expect(npmCalls().at(-1)).not.toContain('--omit=dev');
  });

  test('runs through a link to it', () => {
    symlinkSync(join(project, 'kiln'), join(root, 'bin', 'kiln'));
    expect(launch(['x'], {}, join(root, 'bin', 'kiln')).status).toBe(0);
  });

  test('installs again when the lock asks for another version', () => {
    launch([]);
    write(join(project, 'package-lock.json'), '{"packages":{"node_modules/a":{"version":"2.0.0"}}}');
    launch([]);
    expect(npmCalls()).toHaveLength(2);
  });

  test('keeps what a developer installed by hand when it is what the lock asks for', () => {
    write(join(project, 'node_modules', '.package-lock.json'), readFileSync(join(project, 'package-lock.json'), 'utf8'));
    expect(launch([]).status).toBe(0);
    expect(npmCalls()).toEqual([]);
  });

  test('leaves no stamp after a failed install, says what to do, and tries again', () => {
    const failed = launch([], { KILN_TEST_NPM_FAILS: '1' });
    expect(failed.status).toBe(1);
    expect(failed.stdout).toBe('');
    expect(failed.stderr).toMatch(/npm error network\nkiln: the dependencies could not be installed.*run this again/u);
    expect(existsSync(join(project, 'node_modules', '.kiln-lock'))).toBe(false);
    expect(launch([]).status).toBe(0);
  });

  test('installs once when two start at the same moment', async () => {
    const options = { env: environment(), cwd: root, stdio: 'ignore' } as const;
    const both = [spawn(join(project, 'kiln'), [], options), spawn(join(project, 'kiln'), [], options)];
    const exits = await Promise.all(both.map((child) => once(child, 'exit')));
    expect(exits.map(([code]) => Number(code))).toEqual([0, 0]);
    expect(npmCalls()).toHaveLength(1);
  });

  test('needs no home that can be written', () => {
    expect(launch([], { HOME: join(project, 'no home') }).status).toBe(0);
    expect(npmCalls()[0]).toContain(`cache=${join(project, '.node', 'npm-cache')}`);
  });

  test('says how to get npm when there is neither a fit Node nor npm', () => {
    write(join(root, 'tools', 'node'), '#!/bin/sh\nexit 1\n', 0o755);
    for (const tool of ['bash', 'env', 'dirname', 'readlink', 'uname', 'mkdir', 'cat', 'cksum', 'flock']) {
      const found = spawnSync('which', [tool], { encoding: 'utf8' }).stdout.trim();
      if (found !== '') symlinkSync(found, join(root, 'tools', tool));
    }
    const { status, stderr } = launch([], { PATH: join(root, 'tools') });
    expect(status).toBe(1);
    expect(stderr).toContain('npm is missing. Install it (Debian, Ubuntu: apt-get install npm)');
  });
});
