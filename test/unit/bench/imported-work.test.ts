import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type ImportedFile, importedWork } from '../../../bench/gpu/imported-work.ts';
import { type LoadedProblem, loadProblems } from '../../../src/problems/load-problems.ts';

const MODEL =
  'import torch\n\n\nclass Model(torch.nn.Module):\n    def __init__(self):\n        super(Model, self).__init__()\n\n    def forward(self, x):\n        return x * 2\n';
const TASK = 'from utils import scale\n\n\ndef ref_kernel(data):\n    x, out = data\n    out[...] = x * scale\n    return out\n';

interface Made {
  readonly style: 'model' | 'custom_kernel';
  readonly length: number;
  readonly rtol?: number;
  readonly outLength?: string;
}

const problemText = (name: string, { style, length, rtol = 1e-3, outLength = 'n' }: Made): string =>
  stringify({
    name,
    title: name,
    variables: ['n'],
    tensors: {
      x: { dtype: 'f32', shape: ['n'], role: 'in' },
      out: { dtype: 'f32', shape: [outLength], role: 'out' },
    },
    tolerance: { rtol, atol: 0, relative_l2: 1e-3 },
    check: [{ name: 'small', shape: { n: 64 } }],
    bench: { gpu: [{ name: 'large', shape: { n: length } }] },
    floor: { read_bytes: '4*n', write_bytes: '4*n', flops: '0', unit: 'f32' },
    gpu: {
      reference: {
        file: 'reference.py',
        symbol: style === 'model' ? 'Model' : 'ref_kernel',
        style,
        files: style === 'model' ? [] : ['utils.py'],
      },
    },
  });

const PROBLEMS: Readonly<Record<string, Made>> = {
  level1_1_large: { style: 'model', length: 1 << 24 },
  level1_2_small: { style: 'model', length: 1 << 10 },
  scaled: { style: 'custom_kernel', length: 1 << 20 },
  halved: { style: 'custom_kernel', length: 1 << 22, outLength: 'n/2', rtol: 0.25 },
  own_identity: { style: 'custom_kernel', length: 1 << 23 },
};

let folder = '';
let problems: ReadonlyMap<string, LoadedProblem> = new Map();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-imported-work-'));
  for (const [name, made] of Object.entries(PROBLEMS)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'problem.yaml'), problemText(name, made));
    writeFileSync(join(folder, name, 'reference.py'), made.style === 'model' ? MODEL : TASK);
    if (made.style !== 'model') writeFileSync(join(folder, name, 'utils.py'), 'scale = 2\n');
  }
  problems = loadProblems(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (problem: string, submissions: Readonly<Record<string, string>> = {}): ImportedFile => ({
  collection: problem.startsWith('level') ? 'kernelbench' : 'gpumode',
  label: `there/${problem}`,
  problem,
  notes: [],
  submissions,
});
const workOf = (...files: readonly ImportedFile[]) => importedWork(files, problems, 'H200');
const namesOf = (items: ReturnType<typeof workOf>) => items.map(({ name }) => name);

describe('what is judged of a file of KernelBench', () => {
  test('is its own model under the name of a submission, that must pass and is its baseline', () => {
    const [item, ...others] = workOf(file('level1_2_small'));
    expect(others).toEqual([]);
    expect(item).toMatchObject({ name: 'level1_2_small: Model', expected: ['passed'], isBaseline: true, needsCompiler: false });
    expect(item?.body).toMatchObject({
      problem: 'level1_2_small',
      device: 'H200',
      language: 'python',
      program: { entry: { symbol: 'ModelNew', style: 'model' }, files: [] },
      effort: 'full',
    });
    expect(item?.body.source).toBe(MODEL.replaceAll('Model(torch', 'ModelNew(torch').replace('super(Model,', 'super(ModelNew,'));
  });

  test('is nothing of one that was refused, or does not load', () => {
    expect(workOf({ collection: 'kernelbench', label: 'a.py', refused: 'no' }, file('level1_9_gone'))).toEqual([]);
  });
});

const SUBMISSIONS = {
  'submission.py': 'def custom_kernel(data):\n    return data[0] * 2\n',
  'solutions/correct/fast.py':
    'from torch.utils.cpp_extension import load_inline\n\n\ndef custom_kernel(data):\n    return data[0] * 2\n',
  'solutions/wrong/empty.py': 'from utils import scale\n\n\ndef custom_kernel(data):\n    return data[1]\n',
  'solutions/notes.py': 'print("no submission")\n',
};

const sourceOf = (problem: string, name: string) =>
  workOf(file(problem)).find((one) => one.name === `${problem}: ${name}`)?.body.source;

describe('what is judged of a task of GPU MODE', () => {
  test('is its reference, its own submissions by what their folder says of them, and wrong ones that must not pass', () => {
    const items = workOf(file('scaled', SUBMISSIONS));
    const passing = items.filter(({ expected }) => expected.includes('passed'));
    expect(namesOf(passing)).toEqual(['scaled: ref_kernel', 'scaled: submission.py', 'scaled: solutions/correct/fast.py']);
    expect(items.filter(({ isBaseline }) => isBaseline).map(({ name }) => name)).toEqual(['scaled: ref_kernel']);
    const wrong = items.filter(({ expected }) => !expected.includes('passed'));
    expect(namesOf(wrong)).toEqual([
      'scaled: solutions/wrong/empty.py',
      'scaled: zeros',
      'scaled: beyond the tolerance',
      'scaled: half of it',
      'scaled: negated',
      'scaled: the output of the call before',
      'scaled: the first output of its shape',
      'scaled: a copy of an input',
    ]);
    expect(namesOf(items)).not.toContain('scaled: solutions/notes.py');
  });

  test('has a wrong one beyond its own tolerance, and a copy only where that is like the output and not right', () => {
    expect(sourceOf('scaled', 'beyond the tolerance')).toContain('max(0.004,');
    expect(sourceOf('halved', 'beyond the tolerance')).toContain('max(1,');
    expect(sourceOf('scaled', 'a copy of an input')).toBeDefined();
    expect(sourceOf('halved', 'a copy of an input')).toBeUndefined();
    expect(sourceOf('own_identity', 'a copy of an input')).toBeUndefined();
    expect(sourceOf('own_identity', 'zeros')).toBeDefined();
  });
});

test('what is cheap comes first, all of a problem together, and what needs a compiler at the very end', () => {
  const names = namesOf(
    workOf(file('level1_1_large'), file('scaled', SUBMISSIONS), file('level1_2_small'), file('own_identity')),
  );
  const problemsInOrder = [...new Set(names.slice(0, -1).map((name) => name.split(':')[0]))];
  expect(problemsInOrder).toEqual(['level1_2_small', 'scaled', 'own_identity', 'level1_1_large']);
  expect(names.at(-1)).toBe('scaled: solutions/correct/fast.py');
});
