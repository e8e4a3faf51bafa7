/** How every section times a candidate: the same fixed number of runs, so that sections differ in everything but the measuring. */
import type { TimingRules } from '../../../src/domain/protocol.ts';

export const RUNS = 100;
export const TIMING: TimingRules = {
  method: 'cached',
  warmupRuns: 3,
  runsMin: RUNS,
  runsMax: RUNS,
  // Never reached: the number of runs alone decides.
  targetRelativeCi: 1e-9,
  caseBudgetMs: 5000,
  // The baseline is measured once a device and never again in a section.
  baselineAgeMsMax: 3_600_000,
};
export const JUDGE_LIMIT_MS = 30_000;
export const COMPILE_LIMIT_MS = 60_000;

/** The daemon's configuration with these rules. */
export const kilnYaml = (): string =>
  [
    'judging:',
    `  limitMs: ${JUDGE_LIMIT_MS}`,
    `  compileLimitMs: ${COMPILE_LIMIT_MS}`,
    '  timing:',
    ...Object.entries(TIMING).map(([name, value]) => `    ${name}: ${value}`),
    '',
  ].join('\n');
