import { defineConfig } from 'vitest/config';
import { prepareEnvironment } from './scripts/testing/environment.ts';

/** Forks, not threads: tests start real processes, and a crashed native addon must cost one file, not the run. */
const WORKERS_MAX = 2;
/** Only so that a test that hangs ends: several times what tests need on a machine that is busy with other things too. */
const UNIT_TEST_MS = 60_000;
const INTEGRATION_TEST_MS = 240_000;
const END_TO_END_TEST_MS = 600_000;

const DATABASES = ['test/support/database-folder.ts'];

prepareEnvironment();

const project = (name: string, include: string[], testMs: number, globalSetup: string[] = []) => ({
  extends: true as const,
  test: { name, include, testTimeout: testMs, hookTimeout: testMs, globalSetup },
});

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: WORKERS_MAX,
    watch: false,
    passWithNoTests: false,
    restoreMocks: true,
    projects: [
      project('unit', ['test/unit/**/*.test.ts', 'test/architecture*.test.ts'], UNIT_TEST_MS),
      project('integration', ['test/integration/**/*.test.ts'], INTEGRATION_TEST_MS, DATABASES),
      project('e2e', ['test/e2e/**/*.test.ts'], END_TO_END_TEST_MS, DATABASES),
    ],
  },
});
