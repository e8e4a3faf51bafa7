import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runBounded } from '../../../src/importers/run-bounded.ts';
import { processesNaming } from '../../support/kiln-process.ts';
import { HANG_MS } from '../../support/limits.ts';

const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts');
const DEADLINE = { timeout: HANG_MS, interval: 20 };
/** Of a clock that the test moves; waiting moves it too, by no more than what is waited. */
const LIMIT_MS = 6 * HANG_MS;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-bounded-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const shell = (text: string, limitMs = HANG_MS) =>
  runBounded(['sh', '-c', text], { limitMs, saidCharsMax: 10, remedy: 'install it' });
/** What it started names the folder. */
const allEnded = () => vi.waitFor(() => expect(processesNaming(folder)).toEqual([]), DEADLINE);

describe('a program that is run within limits', () => {
  test('is told with its exit, the end of what it printed, and its last words', async () => {
    expect(await shell('echo 0123456789ABC; echo first >&2; echo last >&2; exit 3')).toEqual({
      exitCode: 3,
      said: '456789ABC\n',
      lastWords: 'last',
      ended: 'ended with 3',
    });
    expect(await shell('kill -TERM $$')).toMatchObject({ exitCode: null, ended: 'ended with SIGTERM' });
  });

  test('is ended at its limit with what it started, also where that has left its group and holds its pipes', async () => {
    const text = `echo words >&2; setsid sh -c 'echo $$ > ${folder}/pid; sleep 600' & sh -c 'sleep 600; : ${folder}' & wait`;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const running = shell(text, LIMIT_MS);
    const pid = join(folder, 'pid');
    await expect.poll(() => existsSync(pid) && readFileSync(pid, 'utf8').endsWith('\n'), DEADLINE).toBe(true);
    vi.advanceTimersByTime(LIMIT_MS);
    expect(await running).toMatchObject({
      exitCode: null,
      lastWords: '',
      ended: `did not end within ${LIMIT_MS / 1000} s, and was ended`,
    });
    process.kill(-Number(readFileSync(pid, 'utf8')), 'SIGKILL');
    await allEnded();
  });

  test('that is not there is told with what to do', async () => {
    await expect(runBounded([join(folder, 'none')], { limitMs: 1000, saidCharsMax: 0, remedy: 'install it' })).rejects.toThrow(
      /none cannot be started: install it/,
    );
  });

  test('ends with an import that is interrupted', async () => {
    const script = join(folder, 'endless.py');
    writeFileSync(script, `import subprocess\nopen("${folder}/begun", "w").close()\nsubprocess.run(["sleep", "600"])\n`);
    const cli = spawn(process.execPath, [MAIN, 'import', 'kerneltuner', script, '--to', folder], {
      stdio: 'ignore',
      env: { ...process.env, TMPDIR: folder },
    });
    await vi.waitFor(() => expect(existsSync(join(folder, 'begun'))).toBe(true), DEADLINE);
    cli.kill('SIGINT');
    expect(await once(cli, 'exit')).toEqual([null, 'SIGINT']);
    await allEnded();
  });
});
