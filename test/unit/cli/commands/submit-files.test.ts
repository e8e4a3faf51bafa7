import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sweepOf } from '../../../../src/cli/input/sweep-spec.ts';
import { candidateOf } from '../../../../src/cli/commands/submit.ts';

const SOLUTION = {
  name: 'mine',
  definition: 'gemm',
  spec: { language: 'python', entry_point: 'main.py::run', dependencies: [], destination_passing_style: false },
  sources: [
    { path: 'main.py', content: 'def run(a):\n    return a\n' },
    { path: 'own.py', content: '' },
  ],
};
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kiln-with-'));
  mkdirSync(join(root, 'mine/lib'), { recursive: true });
  for (const [path, text] of [
    ['mine/k.cu', '#include "lib/a.h"'],
    ['mine/lib/a.h', 'int a;'],
    ['shared.h', 'int b;'],
    ['solution.json', JSON.stringify(SOLUTION)],
    ['more.py', 'x = 1'],
  ] as const)
    writeFileSync(join(root, path), text);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

test('files go with a kernel by their paths from its folder, and by their names from elsewhere', async () => {
  const others = [join(root, 'mine/lib/a.h'), join(root, 'shared.h')];
  const { files, language } = await candidateOf(join(root, 'mine/k.cu'), { problem: 'p', with: others });
  expect([language, files]).toEqual(['cuda', { 'lib/a.h': 'int a;', 'shared.h': 'int b;' }]);
  expect(await candidateOf(join(root, 'mine/k.cu'), { problem: 'p' })).not.toHaveProperty('files');
});

test('a sweep takes them too', async () => {
  const { candidate } = await sweepOf(join(root, 'mine/k.cu'), { problem: 'p', with: [join(root, 'mine/lib/a.h')] });
  expect(candidate).toMatchObject({ source: '#include "lib/a.h"', files: { 'lib/a.h': 'int a;' } });
});

test('what a source includes of a folder goes with it, and nothing else', async () => {
  const other = join(root, 'other');
  mkdirSync(join(root, 'include/deep'), { recursive: true });
  mkdirSync(other);
  writeFileSync(join(root, 'k.cu'), '#include "tile.cuh"\n#include "../shared.h"\n#include "lib/a.h"\n');
  writeFileSync(join(root, 'include/tile.cuh'), '#include "deep/b.cuh"\n');
  writeFileSync(join(root, 'include/deep/b.cuh'), 'int b;');
  writeFileSync(join(root, 'include/unused.cuh'), '');
  writeFileSync(join(other, 'tile.cuh'), 'int later;');
  const files = { 'tile.cuh': '#include "deep/b.cuh"\n', 'deep/b.cuh': 'int b;' };
  const options = { problem: 'p', include: [join(root, 'include'), other] };
  expect((await candidateOf(join(root, 'k.cu'), options)).files).toEqual(files);
  const named = { ...options, with: [join(root, 'mine/lib/a.h')] };
  writeFileSync(join(root, 'k.c'), '#include "mine/lib/a.h"\n#include "tile.cuh"\n');
  expect((await sweepOf(join(root, 'k.c'), named)).candidate.files).toEqual({ 'mine/lib/a.h': 'int a;', ...files });
});

test('what a source includes and does not bring is told, with the folder that it lies in', async () => {
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const path = join(root, 'mine/k.cu');
  await candidateOf(path, { problem: 'p' });
  await candidateOf(path, { problem: 'p', include: [join(root, 'mine')] });
  mkdirSync(join(root, 'include'));
  mkdirSync(join(root, 'seeds'));
  writeFileSync(join(root, 'include/tile.cuh'), '');
  writeFileSync(join(root, 'seeds/1-k.cu'), '#include "tile.cuh"\n#include "cuda_fp16.h"\n');
  await candidateOf(join(root, 'seeds/1-k.cu'), { problem: 'p' });
  expect(said.mock.calls.map(([text]) => text)).toEqual([
    `${path} includes lib/a.h, which is not sent along: add --include ${join(root, 'mine')}\n`,
    `${join(root, 'seeds/1-k.cu')} includes tile.cuh, which is not sent along: add --include ${join(root, 'include')}\n`,
  ]);
});

test('a folder to include from is refused where it is not there, and for what includes nothing', async () => {
  const include = [join(root, 'nowhere')];
  await expect(candidateOf(join(root, 'mine/k.cu'), { problem: 'p', include })).rejects.toThrow(
    /--include .*nowhere: there is no such folder/u,
  );
  await expect(candidateOf(join(root, 'more.py'), { problem: 'p', include: [root] })).rejects.toThrow(
    '--include: only cuda and c include files; triton does not',
  );
  await expect(candidateOf(join(root, 'solution.json'), { include: [root] })).rejects.toThrow(
    '--include: only cuda and c include files; name what a program imports by --with',
  );
});

test('a program is submitted as the command line prefers, and what is none is refused for it', async () => {
  const path = join(root, 'submission.py');
  writeFileSync(path, 'def custom_kernel(data):\n    return data[0]\n');
  const { program } = await candidateOf(path, { problem: 'p', prefer: 'program' });
  expect(program).toMatchObject({ entry: { symbol: 'custom_kernel' }, prefer: 'program' });
  expect((await candidateOf(path, { problem: 'p' })).program).not.toHaveProperty('prefer');
  await expect(candidateOf(join(root, 'mine/k.cu'), { problem: 'p', prefer: 'program' })).rejects.toThrow(
    'is no program: --prefer is for those',
  );
  await expect(candidateOf(join(root, 'mine/k.cu'), { problem: 'p', prefer: 'program', environment: 'x' })).rejects.toThrow(
    'is no program: --environment and --prefer are for those',
  );
});

test('a solution takes them beside its own', async () => {
  const { program } = await candidateOf(join(root, 'solution.json'), { with: [join(root, 'more.py')] });
  expect(program?.files).toEqual([
    { path: 'own.py', content: '' },
    { path: join(root, 'more.py'), content: 'x = 1' },
  ]);
});

test('a solution is in python, whatever is asked for', async () => {
  await expect(candidateOf(join(root, 'solution.json'), { language: 'cuda' })).rejects.toThrow(
    /solution\.json is a solution in python: --language cuda is not for those/u,
  );
});
