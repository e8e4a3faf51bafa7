import { defineConfig } from 'vitest/config';
import { prepareEnvironment } from './scripts/testing/environment.ts';
import { UNOPTIMISED } from './test/support/cheap-databases.ts';
import { HANG_MS } from './test/support/limits.ts';

/** More than a small machine has cores: a good part of what tests do is waiting for programs, leases and judgements. */
const WORKERS_MAX = 3;
/** Only so that a test that hangs ends, and later than what it waits for there, which says more of it. */
const TEST_MS = 2 * HANG_MS;
const END_TO_END_TEST_MS = 4 * HANG_MS;

/** A file in a fork of its own, beside databases that are made once. */
const WITH_DATABASES = { globalSetup: ['test/support/database-folder.ts'], execArgv: [...UNOPTIMISED] };
/** Many files in one fork, which imports once what they share. It loads no native addon: nothing there can crash it. */
const PURE = { isolate: false, execArgv: ['--no-addons'] };

prepareEnvironment();

interface Forks {
  readonly globalSetup?: string[];
  readonly isolate?: boolean;
  readonly execArgv?: string[];
}

const project = (name: string, include: string[], testMs: number, forks: Forks) => ({
  extends: true as const,
  test: { name, include, testTimeout: testMs, hookTimeout: testMs, ...forks },
});

export default defineConfig({
  test: {
    // Not threads: tests start real processes, and a crashed native addon must cost one file, not the run.
    pool: 'forks',
    maxWorkers: WORKERS_MAX,
    watch: false,
    passWithNoTests: false,
    restoreMocks: true,
    expect: { poll: { timeout: HANG_MS } },
    projects: [
      project('unit', ['test/unit/**/*.test.ts', 'test/architecture*.test.ts'], TEST_MS, PURE),
      project('integration', ['test/integration/**/*.test.ts'], TEST_MS, WITH_DATABASES),
      project('e2e', ['test/e2e/**/*.test.ts'], END_TO_END_TEST_MS, WITH_DATABASES),
    ],
  },
});
