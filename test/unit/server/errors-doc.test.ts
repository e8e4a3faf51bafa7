import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERRORS } from '../../../src/domain/errors.ts';

test('docs/errors.md lists every error of the registry with its status and whether to try again', () => {
  const rows = readFileSync('docs/errors.md', 'utf8')
    .split('\n')
    .map((line) => /^\| `([A-Z_]+)` \| (\d+) \| (yes|no) \| (.+) \| (.+) \|$/.exec(line))
    .filter((match) => match !== null)
    .map(([, code = '', status, again]) => [code, { status: Number(status), retryable: again === 'yes' }] as const);
  expect(Object.fromEntries(rows)).toEqual(ERRORS);
  expect(rows.length).toBe(Object.keys(ERRORS).length);
});
