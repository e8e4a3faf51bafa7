import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { PYTHON_WITH_TORCH } from '../../support/python-with-torch.ts';

describe.skipIf(PYTHON_WITH_TORCH === undefined)(`with PyTorch (${PYTHON_WITH_TORCH ?? 'none is here'})`, () => {
  test('cases that no problem can have are made once with numbers, and no reference is run for them', () => {
    const tried = spawnSync(PYTHON_WITH_TORCH ?? '', ['-m', 'unittest', 'test.python.importers.test_left_out'], {
      encoding: 'utf8',
    });
    expect(tried.stderr).toMatch(/^Ran 3 tests[^]*OK$/mu);
    expect(tried.stderr).not.toContain('skipped');
  });
});
