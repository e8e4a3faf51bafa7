import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { PYTHON_WITH_TORCH } from '../../support/python-with-torch.ts';

const TRY_OWN_CHECKS = resolve(import.meta.dirname, '../../support/importers/try_own_checks.py');

test.skipIf(PYTHON_WITH_TORCH === undefined)(
  'a check of a task’s own takes no more on the device than it does by its values, and not only the reference’s outputs',
  () => {
    const tried = spawnSync(PYTHON_WITH_TORCH ?? '', [TRY_OWN_CHECKS], { encoding: 'utf8' });
    const told = JSON.parse(tried.stdout || JSON.stringify(tried.stderr)) as Readonly<Record<string, unknown>>;
    const both = /^it has its own, and right outputs go both ways at try_own_checks_\d+$/;
    expect(told).toEqual({
      backward: { rules: 1, takes: false },
      same_first: expect.stringMatching(both) as string,
      either_sign: expect.stringMatching(both) as string,
      goes_on: expect.stringMatching(/cannot be asked without reading values: it reads values \(__int__\) at/) as string,
      in_place: { rules: 1, takes: false },
      returns_value: { rules: 1, takes: false },
      returns_tensor: { rules: 1, takes: false },
      looks_up: expect.stringMatching(/^it has its own, and it fails: .*index \d+ is out of bounds/) as string,
      looks_up_inside: { rules: 2, takes: false },
      numbers: { 'a share of all': false, 'half of all': false, 'one more than a byte': false },
    });
  },
);
