/** The benchmark itself, without hardware: it must run to its end on any number of devices and leave nothing behind. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { processesNaming } from '../../support/kiln-process.ts';
import { sshdMissing } from '../../support/sshd.ts';
import { HANG_MS } from '../../support/limits.ts';

const SCRIPT = join(import.meta.dirname, '../../../bench/gpu/throughput.ts');
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const run = async (
  options: readonly string[],
  devices: number,
): Promise<{ readonly report: string; readonly folder: string }> => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-bench-test-'));
  folders.push(folder);
  const out = join(folder, 'report.md');
  await promisify(execFile)(process.execPath, [SCRIPT, ...options, '--out', out], {
    timeout: HANG_MS,
    // oxlint-disable-next-line node/no-process-env -- the benchmark is a command of its own
    env: { ...process.env, TMPDIR: folder, KILN_SIMULATED_DEVICES: String(devices), KILN_SIMULATED_JUDGE_MS: '2' },
  });
  return { report: readFileSync(out, 'utf8'), folder };
};

describe.skipIf(sshdMissing !== null)(`bench/gpu/throughput${sshdMissing ? ` (skipped: ${sshdMissing})` : ''}`, () => {
  test('measures the bare judge and Kiln over sshd on several simulated devices, and leaves no process', async () => {
    const { report, folder } = await run(['--gpus', '2', '--candidates', '60', '--sections', 'a,c,e,faults'], 3);
    expect(report).toMatch(/^\| \(a\) \| bare resident judge.* \| 100\.0 % \|/m);
    expect(report).toMatch(/^\| \(c\) \| Kiln through sshd \| [\d.]+ \| [\d.]+ % \|.* 60 in [\d.]+ s \|$/m);
    expect(report).toMatch(/\(c\)\/\(a\) [\d.]+/);
    expect(report).toContain('(e): needs a GPU');
    expect(report).not.toContain('UNEXPECTED');
    await expect.poll(() => processesNaming(folder)).toEqual([]);
  });

  test('refuses more devices than there are, naming both numbers', async () => {
    await expect(run(['--gpus', '2', '--candidates', '10', '--sections', 'a'], 1)).rejects.toThrow(
      '--gpus: 2 asked for, this machine has 1',
    );
  });
});
