import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { HANG_MS } from '../../support/limits.ts';

const BENCH = join(import.meta.dirname, '../../../bench');

/** What a benchmark says of an argument that is no number; a report that it printed would be of nothing. */
test.each([
  [['search/main.ts', 'many'], /SEEDS: "many" is no whole number/],
  [['search/policies/several.ts', 'many'], /SEEDS: "many" is no whole number/],
  [['search/policies/main.ts', 'many'], /SEEDS: "many" is no whole number/],
  [['agents/main.ts', '--generations', 'many'], /--generations: "many" is no whole number/],
  [['dispatch/soak.ts', '--candidates', '0'], /--candidates: "0" is no whole number/],
  [['store/ranking.ts', '--candidates', '1.5'], /--candidates: "1.5" is no whole number/],
  [['sweeps/main.ts', '--points', 'many'], /--points: "many" is no whole number/],
  [['dashboard/main.ts', '--candidates', 'many'], /--candidates: "many" is no whole number/],
])('bench/%j measures nothing', async ([script = '', ...given], message) => {
  const ended = promisify(execFile)(process.execPath, [join(BENCH, script), ...given], { timeout: HANG_MS });
  await expect(ended).rejects.toMatchObject({ stderr: expect.stringMatching(message) as string, stdout: '' });
});
