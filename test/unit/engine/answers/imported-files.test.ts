import { expect, test } from 'vitest';
import { Program } from '../../../../src/domain/program.ts';
import { importedFiles } from '../../../../src/engine/answers/imported-files.ts';
import type { LoadedProblem } from '../../../../src/problems/load-problems.ts';

const FILES = {
  'ref.py': 'from task import sizes\n',
  'task.py': '',
  'lib/__init__.py': '',
  'lib/a.py': 'from . import b\n',
  'lib/b.py': '',
};
const [file, ...files] = Object.keys(FILES);
const problem = { gpu: { reference: { file, files } } } as unknown as LoadedProblem['problem'];
const program = Program.parse({ entry: { file: 'main.py', symbol: 'custom_kernel', style: 'custom_kernel' } });

/** Many times what it takes; a search that starts anew at each character takes minutes. */
const CPU_MS_MAX = 10_000;

const imported = (source: string): readonly string[] =>
  importedFiles({ source, program }, { problem, files: FILES }).map(({ path }) => path);

test.each([
  ['from task import input_t', ['task.py']],
  ['import task', ['task.py']],
  ['import os, task', ['task.py']],
  ['import os, task as t  # types', ['task.py']],
  ['import os, \\\n    task', ['task.py']],
  ['import os; import task', ['task.py']],
  ['if True: import task', ['task.py']],
  ['try:\n\tfrom task import (\n\t\tinput_t,\n\t)', ['task.py']],
  ['import ref', ['ref.py', 'task.py']],
  ['import lib', ['lib/__init__.py']],
  ['import lib.b', ['lib/__init__.py', 'lib/b.py']],
  ['from lib import (  # both\n    b as c,\n)', ['lib/__init__.py', 'lib/b.py']],
  ['from lib.a import x', ['lib/__init__.py', 'lib/a.py', 'lib/b.py']],
])('%j brings along %j', (source, paths) => {
  expect(imported(source).toSorted()).toEqual(paths.toSorted());
});

test.each([
  'import tasks',
  'from tasks import x',
  'import libxb',
  'x = "task"',
  '# import task',
  'important = task',
  'import os as task',
])('%j brings nothing along', (source) => expect(imported(source)).toEqual([]));

test('a file that the program has itself is not the problem’s', () => {
  const own = { ...program, files: [{ path: 'task.py', content: 'import ref' }] };
  expect(importedFiles({ source: 'import task', program: own }, { problem, files: FILES }).map(({ path }) => path)).toEqual([
    'ref.py',
  ]);
});

test.each([
  `from ${' '.repeat(500_000)}`,
  'from a import ('.repeat(60_000),
  `from ${'a.'.repeat(400_000)}`,
  `import ${'a.'.repeat(400_000)}`,
  ':'.repeat(900_000),
])('a text that looks like many imports is read in no time %#', (source) => {
  const before = process.cpuUsage();
  expect(imported(source)).toEqual([]);
  // Not by the clock, which goes on while others have the processor.
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(CPU_MS_MAX);
});
