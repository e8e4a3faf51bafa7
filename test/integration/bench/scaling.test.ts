/** The benchmarks of one host's GPUs, without hardware: every section runs to its end and leaves nothing behind. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { processesNaming } from '../../support/kiln-process.ts';
import { sshdMissing } from '../../support/sshd.ts';
import { HANG_MS } from '../../support/limits.ts';

const BENCH = join(import.meta.dirname, '../../../bench/gpu');
const SMALL = ['--candidates', '40', '--repeats', '1', '--rounds', '2', '--judgements', '20'];
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly report: string;
  /** Whatever it starts names it. */
  readonly folder: string;
}

const run = async (sections: string, devices: number): Promise<Ran> =>
  runScript('scaling.ts', ['--sections', sections, ...SMALL], devices);

const runScript = async (script: string, options: readonly string[], devices: number): Promise<Ran> => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-scaling-test-'));
  folders.push(folder);
  const out = join(folder, 'report.md');
  await promisify(execFile)(process.execPath, [join(BENCH, script), ...options, '--out', out], {
    timeout: HANG_MS,
    // oxlint-disable-next-line node/no-process-env -- the benchmark is a command of its own
    env: { ...process.env, TMPDIR: folder, KILN_SIMULATED_DEVICES: String(devices), KILN_SIMULATED_JUDGE_MS: '2' },
  });
  return { report: readFileSync(out, 'utf8'), folder };
};

describe.skipIf(sshdMissing !== null)(`bench/gpu/scaling${sshdMissing ? ` (skipped: ${sshdMissing})` : ''}`, () => {
  test('measures one GPU against all of them through the whole path, and names each of them', async () => {
    const { report, folder } = await run('1', 4);
    expect(report).toMatch(/^\| 1 \| together \| [\d.]+ \|.* 40 in [\d.]+ s \|$/m);
    expect(report).toMatch(/^\| {2}\| GPU 3 \| [\d.]+ \|/m);
    expect(report).toMatch(/\*\*4 GPUs judge [\d.]+ times/);
    expect(report).not.toMatch(/UNEXPECTED|FAILED/);
    await expect.poll(() => processesNaming(folder)).toEqual([]);
  });

  test('loads one GPU with compiles and with faults while it measures the other, and leaves no process', async () => {
    const { report, folder } = await run('3,4', 2);
    expect(report).toMatch(/^\| vector_add_small \| 64K \| [\d.]+ \| [\d.]+ \| \+0\.00 % \|/m);
    expect(report).toMatch(/[1-9]\d* new units in .*, [1-9]\d* of them judged on GPU 1/);
    expect(report).toMatch(/\*\*GPU 0 keeps [\d.]+ % of its rate\.\*\*/);
    expect(report).toContain('Needs real kernels');
    expect(report).not.toMatch(/UNEXPECTED|FAILED/);
    await expect.poll(() => processesNaming(folder)).toEqual([]);
  });

  test('measures a GPU beside compiles alone on a host that has no other', async () => {
    const { report, folder } = await run('3', 1);
    expect(report).toMatch(/[1-9]\d* new units in .*, none of them judged: this host has one GPU/);
    expect(report).not.toMatch(/UNEXPECTED|FAILED/);
    await expect.poll(() => processesNaming(folder)).toEqual([]);
  });

  test('refuses sections that need another GPU, and one that is none', async () => {
    await expect(run('3,4', 1)).rejects.toThrow('this machine has 1 GPU(s), 2 needed; section 3 needs one');
    await expect(run('5', 2)).rejects.toThrow('--sections: "5" is none of 1, 2, 3, 4');
  });
});

describe.skipIf(sshdMissing !== null)(`bench/gpu/states-check${sshdMissing ? ` (skipped: ${sshdMissing})` : ''}`, () => {
  test('judges every kernel in every state and leaves no process', async () => {
    const { report, folder } = await runScript('states.ts', ['--repeats', '1'], 1);
    expect(report).toMatch(
      /^\| matmul\/wgmma \| \w+ \| [\d.]+ \| 0\.00 % \| [\d.]+ \| 0\.00 % \| 0\.00 % \| 0\.00 % \| 0, 3 \|$/m,
    );
    expect(report).toMatch(/SIMULATED device/);
    await expect.poll(() => processesNaming(folder)).toEqual([]);
  });

  test('refuses a number that is none', async () => {
    await expect(runScript('states.ts', ['--repeats', 'all'], 1)).rejects.toThrow('--repeats: "all" is no whole number');
  });
});
