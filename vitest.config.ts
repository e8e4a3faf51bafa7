import { defineConfig } from 'vitest/config';
import { prepareEnvironment } from './scripts/testing/environment.ts';

/** More than a small machine has cores: a good part of what tests do is waiting for programs, leases and judgements. */
const WORKERS_MAX = 3;
/** Only so that a test that hangs ends: several times what tests need on a machine that is busy with other things too. */
const UNIT_TEST_MS = 60_000;
const INTEGRATION_TEST_MS = 240_000;
const END_TO_END_TEST_MS = 600_000;
/** Where a test that polls names no limit: a busy machine takes longer than the second that it would be otherwise. */
const POLL_MS_MAX = 60_000;

/** A file in a fork of its own, beside databases that are made once. */
const WITH_DATABASES = { globalSetup: ['test/support/database-folder.ts'] };
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
    expect: { poll: { timeout: POLL_MS_MAX } },
    projects: [
      project('unit', ['test/unit/**/*.test.ts', 'test/architecture*.test.ts'], UNIT_TEST_MS, PURE),
      project('integration', ['test/integration/**/*.test.ts'], INTEGRATION_TEST_MS, WITH_DATABASES),
      project('e2e', ['test/e2e/**/*.test.ts'], END_TO_END_TEST_MS, WITH_DATABASES),
    ],
  },
});
