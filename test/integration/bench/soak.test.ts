import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { processesNaming } from '../../support/kiln-process.ts';
import { HANG_MS } from '../../support/limits.ts';

const SCRIPT = join(import.meta.dirname, '../../../bench/dispatch/soak.ts');

test('the soak judges as many candidates as it is told, shows rate and memory along the way, and leaves no process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-bench-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, '--candidates', '400', '--every', '200'], {
    timeout: HANG_MS,
    // oxlint-disable-next-line node/no-process-env -- the benchmark is a command of its own
    env: { ...process.env, TMPDIR: folder },
  });
  const rows = [...stdout.matchAll(/^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$/gm)].map((row) => row.slice(1).map(Number));
  expect(rows.map(([candidates]) => candidates)).toEqual([200, 400]);
  for (const [, ...figures] of rows) for (const figure of figures) expect(figure).toBeGreaterThan(0);
  await expect.poll(() => processesNaming(folder)).toEqual([]);
});
