/** The benchmark of public files, without hardware and on files of our own: what is recorded is made up, so each passes, and those that should not are told. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { processesNaming } from '../../support/kiln-process.ts';
import { sshdMissing } from '../../support/sshd.ts';
import { HANG_MS } from '../../support/limits.ts';

const SCRIPT = join(import.meta.dirname, '../../../bench/gpu/imported.ts');
const FIXTURES = join(import.meta.dirname, '../../fixtures/importers');
const PLAYED = join(import.meta.dirname, '../../support/importers/played_python.py');
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(sshdMissing !== null)(`bench/gpu/imported${sshdMissing ? ` (skipped: ${sshdMissing})` : ''}`, () => {
  test('imports a folder, judges what became problems, says why others did not, and leaves no process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kiln-imported-test-'));
    folders.push(folder);
    const out = join(folder, 'report.md');
    const asked = ['--from', FIXTURES, '--named', 'add_py,missing_py,1_Scaled_rows,4_Triangular', '--python', PLAYED];
    await promisify(execFile)(process.execPath, [SCRIPT, ...asked, '--limit', String(HANG_MS / 1000), '--out', out], {
      timeout: HANG_MS,
      // oxlint-disable-next-line node/no-process-env -- the benchmark is a command of its own
      env: { ...process.env, TMPDIR: folder, KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_RECORDER: '1' },
    });
    const report = readFileSync(out, 'utf8');
    expect(report).toContain('| gpumode | 2 | 1 | 8 | 8 | 1 of 1 |');
    expect(report).toContain('| kernelbench | 2 | 2 | 2 | 2 | 2 of 2 |');
    expect(report).toContain('| ranked though wrong | 7 | add_v2: zeros, add_v2: beyond the tolerance,');
    expect(report).toMatch(/^\| gpumode\/problems\/own\/add_py \| add_v2 \| passed \|/mu);
    expect(report).toMatch(/^\| kernelbench\/level1\/1_Scaled_rows\.py \| level1_1_scaled_rows \| passed \|/mu);
    expect(report).toMatch(
      /^\| kernelbench\/level1\/4_Triangular\.py \| level1_4_triangular \| passed \|.*computes the inputs, from numbers that Kiln draws/mu,
    );
    expect(report).toContain('| 1 | reference.py defines no generate_input | gpumode/problems/own/missing_py |');
    expect(report).toMatch(/^ +kiln_stage_seconds_count\{stage="compiling"\} \d+$/mu);
    await expect.poll(() => processesNaming(folder)).toEqual([]);
  });
});
