import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const LINT = 'scripts/testing/python-lint.ts';
const PYRIGHT = 'node_modules/.bin/pyright';
/** What a proxy at a closed port answers: nothing. */
const NO_NETWORK = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', npm_config_offline: 'true' };

const FAULTS = [
  ['an unused import', 'import os\n', ':1: F401 '],
  ['a name that is not there, in an annotation in quotes', 'def f(a: "Nowhere") -> None: ...\n', ':1: F821 '],
  ['an argument without a type', 'def f(a) -> None: ...\n', ':1: ANN001 '],
  ['an answer without a type', 'def f(a: int): ...\n', ':1: ANN201 '],
  ['a method without types', 'class C:\n    def f(self, a) -> None: ...\n', ':2: ANN001 '],
  ['a union that Python 3.9 cannot read', 'def f(a: int | None) -> None: ...\n', ':1: FA102 '],
  ['a syntax that Python 3.9 cannot read', 'match 1:\n    case 1: pass\n', ':1: invalid-syntax '],
  ['a bare except', 'try:\n    pass\nexcept:\n    pass\n', ':3: E722 '],
  ['a default that can change', 'def f(a: list = []) -> None: ...\n', ':1: B006 '],
  ['a cause that is lost', 'try:\n    pass\nexcept OSError:\n    raise ValueError("x")\n', ':4: B904 '],
  ['a line too long', `a = '${'x'.repeat(150)}'\n`, ':1: E501 '],
  ['spaces at the end of a line', 'a = 1 \n', ':1: W291 '],
  ['imports out of order', 'import os\nimport abc\n\nprint(os, abc)\n', ':1: I001 '],
  ['an old spelling', 'from typing import List\n\na: List[int] = []\n', ':1: UP035 '],
  ['a name in the wrong case', 'def fooBar() -> None: ...\n', ':1: N802 '],
  ['a function of too many statements', `def f() -> None:\n${'    print()\n'.repeat(31)}`, ':1: PLR0915 '],
  ['a function of too many branches', `def f(a: int) -> None:\n${'    if a:\n        print()\n'.repeat(12)}`, ':1: C901 '],
] as const;
const GOOD = 'from __future__ import annotations\n\nimport os\n\n\ndef f(a: int | None) -> str:\n    return os.sep * (a or 1)\n';

describe('the checks of Python', () => {
  let folder = '';
  let linted: { readonly status: number | null; readonly stdout: string } = { status: null, stdout: '' };

  const fileOf = (number: number): string => join(folder, `fault-${number}.py`);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'python-checks-'));
    for (const [number, [, source]] of FAULTS.entries()) writeFileSync(fileOf(number), source);
    const files = FAULTS.map((_, number) => fileOf(number));
    linted = spawnSync(process.execPath, [LINT, ...files], { encoding: 'utf8' });
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(FAULTS.map(([name, , finding], number) => ({ name, finding, number })))('name $name', ({ finding, number }) => {
    expect(linted.stdout).toContain(`${fileOf(number)}${finding}`);
  });

  test('fail where anything is wrong', () => {
    expect(linted.status).toBe(1);
  });

  test('have nothing to say about good code', () => {
    writeFileSync(join(folder, 'good.py'), GOOD);
    const { status, stdout } = spawnSync(process.execPath, [LINT, join(folder, 'good.py')], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  test('check types against Python 3.9, without a network', () => {
    const project = join(folder, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'pyrightconfig.json'), JSON.stringify({ pythonVersion: '3.9', typeCheckingMode: 'strict' }));
    writeFileSync(
      join(project, 'sample.py'),
      'import itertools\nfrom typing import TypedDict\n\n\nclass Frame(TypedDict):\n    name: str\n\n\nframe: Frame = {"nme": "a"}\nprint(itertools.pairwise(frame))\n',
    );
    const env = { PATH: process.env['PATH'], HOME: folder, ...NO_NETWORK };
    const { status, stdout } = spawnSync(PYRIGHT, ['-p', project], { encoding: 'utf8', env });
    expect(stdout).toMatch(/"nme" is an undefined item in type "Frame"/u);
    expect(stdout).toMatch(/"pairwise" is not a known attribute/u);
    expect(status).toBe(1);
  });
});
