import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recogniseProgram } from '../../../src/domain/program-style.ts';
import { readSource } from '../../../src/cli/input/source-file.ts';

const LEADERBOARD =
  '#!POPCORN leaderboard vectoradd\nimport torch\n\ndef custom_kernel(data):\n    a, b = data\n    return a + b\n';
const PLANNED = '"""kiln\nlaunch: []\n"""\nimport triton\n\ndef run(x):\n    pass\n';

test.each<[string, string, string | undefined]>([
  ['a function custom_kernel', LEADERBOARD, 'custom_kernel'],
  ['a name custom_kernel', 'from impl import fast\ncustom_kernel = fast\n', 'custom_kernel'],
  ['a typed name custom_kernel', 'custom_kernel: Callable = torch.compile(f)\n', 'custom_kernel'],
  ['a class ModelNew', 'import torch\nclass ModelNew(torch.nn.Module):\n    pass\n', 'model'],
  ['a function run', 'def run(q, k, v):\n    return q\n', 'function'],
  ['a launch plan, whatever else it defines', PLANNED, undefined],
  ['a launch plan in lines', `# kiln\n# launch: []\n${LEADERBOARD}`, undefined],
  ['a method run of a class', 'class A:\n    def run(self):\n        pass\n', undefined],
  ['a call of custom_kernel', 'print(custom_kernel(1))\n', undefined],
  ['nothing known', 'import triton\n@triton.jit\ndef add(x):\n    pass\n', undefined],
])('%s', (...[, source, style]) => {
  expect(recogniseProgram(source)?.style).toBe(style);
});

test('a program is read as one, a file with a plan or with a language as what it says', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-program-'));
  const path = join(folder, 'submission.py');
  await writeFile(path, LEADERBOARD);
  const { language, program } = await readSource(path, undefined);
  expect([language, program?.symbol]).toEqual(['python', 'custom_kernel']);
  expect((await readSource(path, 'triton')).language).toBe('triton');
  await writeFile(path, PLANNED);
  expect((await readSource(path, undefined)).language).toBe('triton');
  await expect(readSource(path, 'python')).rejects.toThrow(/defines custom_kernel, a class ModelNew, or run/u);
  await rm(folder, { recursive: true });
});
