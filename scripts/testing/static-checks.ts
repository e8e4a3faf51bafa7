import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, statSync } from 'node:fs';
import { runProcess } from './process.ts';
import { failedOnce, PASSED, type Tally } from './tally.ts';

const CHECK_LIMIT_MS = 600_000;

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Left out, with a word, where this program is missing. */
  readonly needs?: string;
}

const checks = (): readonly Check[] => [
  { name: 'format (biome)', command: ['node_modules/.bin/biome', 'format', '.'] },
  {
    name: 'lint (oxlint)',
    command: [
      'node_modules/.bin/oxlint',
      '--config',
      '.oxlintrc.json',
      '--quiet',
      'src',
      'test',
      'scripts',
      'bench',
      'vitest.config.ts',
    ],
  },
  { name: 'types (tsc)', command: ['node_modules/.bin/tsc', '-p', 'tsconfig.json'] },
  { name: 'types of what browsers run (tsc)', command: ['node_modules/.bin/tsc', '-p', 'src/dashboard/browser'] },
  { name: 'unused code (knip)', command: ['node_modules/.bin/knip', '--no-progress'] },
  { name: 'lint of Python (ruff)', command: [process.execPath, 'scripts/testing/python-lint.ts'] },
  { name: 'types of Python (pyright)', command: ['node_modules/.bin/pyright', '--warnings'] },
  {
    name: 'shell scripts (shellcheck)',
    command: ['shellcheck', ...shellScripts()],
    needs: 'shellcheck',
  },
];

const shellScripts = (): readonly string[] =>
  globSync(['kiln', '.ci/*', 'scripts/*', 'bench/**/*'])
    .filter((file) => statSync(file).isFile())
    .filter((file) => /^#!.*\b(?:ba)?sh\n/u.test(readFileSync(file, 'utf8')));

const isThere = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;

const runCheck = async ({ name, command, needs }: Check): Promise<Tally> => {
  if (needs !== undefined && !isThere(needs)) {
    process.stdout.write(`  - ${name}: skipped, ${needs} is not installed\n`);
    return { passed: 0, skipped: 1, failures: [] };
  }
  const { code, output } = await runProcess(command, { show: false, limitMs: CHECK_LIMIT_MS });
  process.stdout.write(code === 0 ? `  ✓ ${name}\n` : `  ✗ ${name}\n${output}\n`);
  return code === 0 ? PASSED : failedOnce(name, output);
};

/** Each check counts as one test. */
export const runStaticChecks = async (): Promise<readonly Tally[]> => {
  process.stdout.write('== checks\n');
  const tallies: Tally[] = [];
  for (const check of checks()) tallies.push(await runCheck(check));
  return tallies;
};
