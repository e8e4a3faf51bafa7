export interface Failure {
  readonly name: string;
  readonly detail: string;
}

/** What one suite or check came to. */
export interface Tally {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
}

export const EMPTY: Tally = { passed: 0, skipped: 0, failures: [] };
export const PASSED: Tally = { passed: 1, skipped: 0, failures: [] };
export const failedOnce = (name: string, detail: string): Tally => ({ passed: 0, skipped: 0, failures: [{ name, detail }] });

export const sum = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((total, tally) => total + tally.passed, 0),
  skipped: tallies.reduce((total, tally) => total + tally.skipped, 0),
  failures: tallies.flatMap((tally) => tally.failures),
});

/** The last line of `./kiln test`, read by machines. */
export const summaryLine = (tally: Tally): string =>
  `${tally.passed} passed, ${tally.failures.length} failed, ${tally.skipped} skipped`;

/** A run that tested nothing is not a success. */
export const isSuccess = (tally: Tally): boolean => tally.passed > 0 && tally.failures.length === 0;
