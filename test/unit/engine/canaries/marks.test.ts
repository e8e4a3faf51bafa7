import { expect, test } from 'vitest';
import { ProblemDefinition } from '../../../../src/domain/protocol.ts';
import { markedDefinition } from '../../../../src/engine/canaries/marks.ts';
import { problemFolder } from '../../../support/problem-folder.ts';

const MARK = 'compiled after 2026-01-01T00:00:00.000Z';
const KERNEL = `/* kiln\nlaunch: [{kernel: run, grid: [1], block: [32], args: [a, y]}]\n*/\nextern "C" __global__ void run(const float* a, float* y) {}\n`;
const PROBLEM = {
  name: 'factor',
  title: 'A factor',
  variables: ['n'],
  tensors: {
    a: { dtype: 'f32', shape: ['n'], role: 'in', distribution: { kind: 'derived' } },
    y: { dtype: 'f32', shape: ['n'], role: 'out' },
  },
  derive: { file: 'inputs.py', symbol: 'inputs', raw: { seeds: { dtype: 'f32', shape: ['n'] } } },
  verify: { file: 'verify.py', symbol: 'check', rules: ['right'] },
  tolerance: { rtol: 1e-3, atol: 1e-5, relative_l2: 1e-3 },
  check: [{ name: 'odd', shape: { n: 33 } }],
  bench: { gpu: [{ name: 'large', shape: { n: 1024 } }] },
  floor: { read_bytes: '4*n', write_bytes: '4*n', flops: 'n', unit: 'f32' },
  gpu: { reference: 'reference.cu', baseline: 'reference.cu' },
};
const { load } = problemFolder(PROBLEM, {
  'reference.cu': KERNEL,
  'inputs.py': 'def inputs(seeds, n):\n    return seeds\n',
  'verify.py': 'def check(a, y, n):\n    return {"right": a == y}\n',
});

const textsOf = ({ reference, baseline, inputs, verify }: ProblemDefinition): readonly string[] =>
  [reference, baseline, inputs, verify].map((side) => {
    if (!side) throw new Error('the definition lacks a side');
    return side.language === 'python' ? (side.files[0]?.content ?? '') : side.source;
  });

test('nothing of a problem that a host compiled or recorded before the mark is used any more', () => {
  const definition = load().definitionFor('gpu', 'sm_90a');
  const marked = markedDefinition(definition, MARK);
  expect(textsOf(marked)).toEqual(textsOf(definition).map((text, i) => `${text}\n${i < 2 ? '//' : '#'} ${MARK}\n`));
  expect(marked.key).not.toBe(definition.key);
  expect(ProblemDefinition.parse(marked)).toEqual(marked);
  expect(markedDefinition(definition, MARK)).toBe(marked);
});

test('without a mark it is as it was', () => {
  const definition = load().definitionFor('gpu', 'sm_90a');
  expect(markedDefinition(definition, '')).toBe(definition);
});
