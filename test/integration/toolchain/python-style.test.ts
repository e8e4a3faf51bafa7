import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.skipIf(!hasPython)('the style of Python (skipped without python3)', () => {
  let folder = '';

  const check = (source: string): { readonly status: number | null; readonly stdout: string } => {
    const file = join(folder, 'sample.py');
    writeFileSync(file, source);
    return spawnSync('python3', ['scripts/testing/python_style.py', file], { encoding: 'utf8' });
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'style-'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['an unused import', 'import os\n', ':1: os is imported and not used'],
    ['an argument without a type', 'def f(a) -> None: ...\n', ':1: f: no type for a'],
    ['an answer without a type', 'def f(a: int): ...\n', ':1: f: no type for what it returns'],
    ['a method without types', 'class C:\n    def f(self, a) -> None: ...\n', ':2: f: no type for a'],
    ['a union that Python 3.9 cannot read', 'def f(a: int | None) -> None: ...\n', ':1: `|` between types'],
    ['a bare except', 'try:\n    pass\nexcept:\n    pass\n', ':3: a bare except'],
    ['a default that can change', 'def f(a: list = []) -> None: ...\n', ':1: f: a default that can change'],
    ['a line too long', `a = '${'x'.repeat(150)}'\n`, ':1: 156 characters'],
  ])('names %s', (_, source, finding) => {
    const { status, stdout } = check(source);
    expect(status).toBe(1);
    expect(stdout).toContain(finding);
  });

  test('has nothing to say about good code', () => {
    const { status, stdout } = check(
      'from __future__ import annotations\nimport os\n\n\ndef f(a: int | None) -> str:\n    return os.sep\n',
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: '\n' });
  });
});
