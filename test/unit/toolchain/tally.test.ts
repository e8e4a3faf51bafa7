import { describe, expect, test } from 'vitest';
import { EMPTY, failedOnce, isSuccess, PASSED, sum, summaryLine } from '../../../scripts/testing/tally.ts';

describe('the tally of a test run', () => {
  test('adds passes, skips and failures of every suite', () => {
    const total = sum([PASSED, { passed: 3, skipped: 2, failures: [] }, failedOnce('a', 'why')]);
    expect(summaryLine(total)).toBe('4 passed, 1 failed, 2 skipped');
  });

  test('is no success when nothing ran', () => {
    expect(isSuccess(EMPTY)).toBe(false);
    expect(isSuccess({ passed: 0, skipped: 9, failures: [] })).toBe(false);
  });

  test('is no success when one of many failed', () => {
    expect(isSuccess(sum([{ passed: 900, skipped: 0, failures: [] }, failedOnce('a', 'why')]))).toBe(false);
    expect(isSuccess(PASSED)).toBe(true);
  });
});
