import { expect, test } from 'vitest';
import { candidateOfSolution } from '../../../../src/importers/flashinfer/solution.ts';

const SOLUTION = {
  name: 'rows at once',
  definition: 'scaled_norm_h128',
  author: 'somebody',
  spec: { language: 'triton', target_hardware: ['H100'], entry_point: 'main.py::run', dependencies: ['torch', 'triton >= 2.3'] },
  sources: [
    { path: 'main.py', content: 'from part import f\n\ndef run(x, weight, eps, y):\n    f(y)\n' },
    { path: 'part.py', content: 'def f(y):\n    pass\n' },
  ],
};
const of = (change: object = {}, spec: object = {}) =>
  candidateOfSolution(JSON.stringify({ ...SOLUTION, spec: { ...SOLUTION.spec, ...spec }, ...change }));

test('a solution is a program of the problem that its definition became, with its other files', () => {
  expect(of()).toMatchObject({
    problem: 'scaled_norm_h128',
    language: 'python',
    source: SOLUTION.sources[0]?.content,
    program: { entry: { file: 'main.py', symbol: 'run', style: 'function_dps' }, files: [SOLUTION.sources[1]] },
    words: 'the solution "rows at once" of scaled_norm_h128',
  });
  expect(of({}, { destination_passing_style: false }).program.entry.style).toBe('function');
  expect(of({}, { dependencies: ['torch', 'flashinfer'] }).words).toContain('must have flashinfer');
});

test.each<[string, () => unknown, RegExp]>([
  ['in CUDA', () => of({}, { language: 'cuda' }), /is in cuda: hand in its kernel with a launch plan/u],
  ['in a language of tomorrow', () => of({}, { language: 'mojo' }), /is in mojo: python and triton are taken/u],
  [
    'whose entry is none of its files',
    () => of({}, { entry_point: 'other.py::run' }),
    /names other\.py, which is none of its sources/u,
  ],
  ['whose entry is no file and name', () => of({}, { entry_point: 'main.py' }), /entry_point: must be FILE::NAME/u],
  ['that is no JSON', () => candidateOfSolution('{'), /it is no JSON/u],
])('one %s is refused with what to do', (_what, read, reason) => {
  expect(read).toThrow(reason);
});
