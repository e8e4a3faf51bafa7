/** The benchmark of programs, without hardware: what is recorded is made up, so each passes, and those that should not are told. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { processesNaming } from '../../support/kiln-process.ts';
import { sshdMissing } from '../../support/sshd.ts';
import { HANG_MS } from '../../support/limits.ts';

const SCRIPT = join(import.meta.dirname, '../../../bench/gpu/programs.ts');
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(sshdMissing !== null)(`bench/gpu/programs${sshdMissing ? ` (skipped: ${sshdMissing})` : ''}`, () => {
  test('judges the programs that were asked for, says what must not be, and leaves no process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kiln-programs-test-'));
    folders.push(folder);
    const out = join(folder, 'report.md');
    const named = 'honest-add-out,wrong-ends-its-process';
    await promisify(execFile)(
      process.execPath,
      [SCRIPT, '--only', 'corpus', '--named', named, '--limit', String(HANG_MS / 1000), '--out', out],
      {
        timeout: HANG_MS,
        // oxlint-disable-next-line node/no-process-env -- the benchmark is a command of its own
        env: { ...process.env, TMPDIR: folder, KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_RECORDER: '1' },
      },
    );
    const report = readFileSync(out, 'utf8');
    expect(report).toContain('1 of 2 programs have the verdict they should have; 2 were recorded.');
    expect(report).toContain('| ranked though wrong | 1 | wrong-ends-its-process.py |');
    expect(report).toContain('| honest and rejected | 0 |  |');
    expect(report).toMatch(/^\| honest-add-out\.py \| passed \| passed \|/mu);
    await expect.poll(() => processesNaming(folder)).toEqual([]);
  });
});
