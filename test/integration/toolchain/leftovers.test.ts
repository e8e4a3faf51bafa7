import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processesOf } from '../../../scripts/testing/leftovers.ts';

const hasProc = existsSync('/proc/self/stat');

describe.skipIf(!hasProc)('the search for processes left behind (skipped without /proc)', () => {
  let folder = '';
  let child: ChildProcess | undefined;

  const start = async (args: readonly string[], env: Readonly<Record<string, string>>, cwd = '/'): Promise<number> => {
    // Its first output says that its environment and command line are in place.
    child = spawn(process.execPath, ['-e', 'console.log(1); process.stdin.resume()', ...args], {
      env,
      cwd,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(child, 'spawn');
    if (child.stdout !== null) await once(child.stdout, 'data');
    return child.pid ?? 0;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'left-'));
  });

  afterEach(async () => {
    if (child !== undefined && child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });

  test.each<[string, () => Promise<number>]>([
    ['inherited the folder of the run', () => start([], { TMPDIR: folder })],
    ['names the folder in its command line', () => start([join(folder, 'sshd_config')], {})],
    ['works in the folder with a clean environment', () => start([], {}, folder)],
  ])('finds one that %s', async (_, launch) => {
    const pid = await launch();
    expect(processesOf(folder).map((found) => found.pid)).toEqual([pid]);
  });

  test('leaves a process of somebody else alone', async () => {
    await start([], { TMPDIR: tmpdir() });
    expect(processesOf(folder)).toEqual([]);
  });
});
