import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SubmitCandidate } from '../../../../src/domain/api/candidates.ts';
import { Problem } from '../../../../src/domain/problem.ts';
import { prepareCandidate } from '../../../../src/engine/answers/prepare-candidate.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';

const kernels = loadProblems(join(import.meta.dirname, '../../../../kernels'));
const added = kernels.get('vector_add');
if (!added) throw new Error('there is no vector_add');
const sides = {
  reference: { file: 'reference.py', symbol: 'ref_kernel', style: 'custom_kernel', files: ['task.py', 'utils.py', 'more.py'] },
};
const imported = {
  ...added,
  problem: Problem.parse({ ...added.problem, gpu: sides }),
  files: { 'reference.py': 'r', 'task.py': 'import utils\n', 'utils.py': 'u', 'more.py': 'm' },
};
const problems = new Map([...kernels, ['imported', imported] as const]);
const prepared = (asked: object) =>
  prepareCandidate(SubmitCandidate.parse({ problem: 'vector_add', source: 'x', ...asked }), null, {
    problems,
    fleetClasses: [],
    sourceBytesMax: 20_000,
    hosts: [],
  });

const program = (source: string, files: Readonly<Record<string, string>> = {}) =>
  prepared({
    problem: 'imported',
    language: 'python',
    source,
    program: {
      entry: { file: 'submission.py', symbol: 'custom_kernel', style: 'custom_kernel' },
      files: Object.entries(files).map(([path, content]) => ({ path, content })),
    },
  });

const filesOf = (...given: Parameters<typeof program>) =>
  program(...given).submission.content.program?.files.map(({ path }) => path);

describe('a candidate of a language that its device does not run', () => {
  test.each([
    ['c', 'H100', 'language: "c" does not run on this device; use cuda or triton or python, or another device'],
    ['cuda', 'cpu', 'language: "cuda" does not run on this device; use c, or another device'],
    ['python', 'cpu', 'language: "python" does not run on this device; use c, or another device'],
  ])('%s on %s is told all that it does run', (language, device, message) => {
    expect(() => prepared({ language, device })).toThrow(message);
  });
});

describe('a submitter', () => {
  test('has another name than Kiln itself, whose candidates nobody ranks', () => {
    expect(() => prepared({ submitter: 'library' })).toThrow(
      'submitter: "library" is Kiln\'s own name for programs of libraries: choose another',
    );
  });
});

describe('a program', () => {
  test('takes along what it imports of its problem, and what that imports', () => {
    expect(filesOf('from task import input_t')).toEqual(['task.py', 'utils.py']);
    expect(filesOf('import tasks\nfrom utilsy import x  # import more')).toEqual([]);
    expect(program('import more').submission.content.program?.files).toEqual([{ path: 'more.py', content: 'm' }]);
  });

  test('takes along what its other files import', () => {
    expect(filesOf('import part', { 'part.py': 'from more import m' })).toEqual(['part.py', 'more.py']);
  });

  test('keeps its own file where the problem has one of that name', () => {
    expect(filesOf('from task import input_t', { 'task.py': 't' })).toEqual(['task.py']);
  });

  test('is the same candidate whether its submitter sent these files or not', () => {
    expect(program('import utils', { 'utils.py': 'u' }).id).toBe(program('import utils').id);
  });

  test('has no more files than a program may have, with those of its problem', () => {
    const many = Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`f${n}.py`, '']));
    expect(filesOf('x', many)).toHaveLength(31);
    expect(() => program('import more', many)).toThrow(
      'program.files: 33 files with the entry and those of the problem; the limit is 32',
    );
  });
});
