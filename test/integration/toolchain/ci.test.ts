import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

interface Fake {
  readonly test: string;
  readonly demo: string;
}

const CLEAN: Fake = { test: 'echo "7 passed, 0 failed, 2 skipped"', demo: 'exit 0' };

describe.skipIf(!existsSync('/proc/self/stat'))('continuous integration (skipped without /proc)', () => {
  let project = '';

  const run = (
    fake: Partial<Fake>,
  ): { readonly status: number | null; readonly last: string | undefined; readonly stdout: string } => {
    const { test: tests, demo } = { ...CLEAN, ...fake };
    writeFileSync(join(project, 'kiln'), `#!/usr/bin/env bash\ncase $1 in\ntest) ${tests} ;;\ndemo) ${demo} ;;\nesac\n`);
    chmodSync(join(project, 'kiln'), 0o755);
    const { status, stdout } = spawnSync(join(project, '.ci/run'), { encoding: 'utf8' });
    return { status, last: stdout.trimEnd().split('\n').at(-1), stdout };
  };

  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), 'ci-'));
    cpSync('.ci/run', join(project, '.ci/run'), { recursive: true });
  });

  afterEach(() => rmSync(project, { recursive: true, force: true }));

  test('adds the demo and the clean process table to the tests', () => {
    expect(run({})).toMatchObject({ status: 0, last: '9 passed, 0 failed' });
  });

  test('runs the demo beside the end-to-end tests', () => {
    const until = 'for _ in {1..600}; do [[ -e shown ]] && break; sleep 0.1; done';
    const tests = `echo "== e2e"; ${until}; [[ -e shown ]] && echo "7 passed, 0 failed, 2 skipped"`;
    expect(run({ test: tests, demo: 'touch shown' })).toMatchObject({ status: 0, last: '9 passed, 0 failed' });
  });

  test('fails when a test fails', () => {
    expect(run({ test: 'echo "7 passed, 1 failed, 0 skipped"; exit 1' })).toMatchObject({
      status: 1,
      last: '9 passed, 1 failed',
    });
  });

  test('fails when the tests end badly though they counted no failure', () => {
    expect(run({ test: 'echo "7 passed, 0 failed, 0 skipped"; exit 1' })).toMatchObject({
      status: 1,
      last: '9 passed, 1 failed',
    });
  });

  test('fails when the tests leave no counts', () => {
    expect(run({ test: 'exit 0' })).toMatchObject({ status: 1, last: '2 passed, 1 failed' });
  });

  test('fails when the demo fails', () => {
    expect(run({ demo: 'exit 3' })).toMatchObject({ status: 1, last: '8 passed, 1 failed' });
  });

  test('names and ends a process that was left behind', () => {
    const { status, last, stdout } = run({ demo: '(exec -a forgotten-daemon tail -f /dev/null) & exit 0' });
    expect({ status, last }).toEqual({ status: 1, last: '8 passed, 1 failed' });
    expect(stdout).toMatch(/left behind:\n\d+ forgotten-daemon/u);
  });
});
