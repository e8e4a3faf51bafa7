/**
 * Problems whose reference is PyTorch, whose inputs PyTorch derives, or whose outputs it checks, beside those of `kernels/` that they are made of: what is
 * judged by the one must have the same verdict and the same time as by the other.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { SubmitCandidate } from '../../src/domain/api/candidates.ts';
import { Problem } from '../../src/domain/problem.ts';
import { type LoadedProblem, loadProblem } from '../../src/problems/load-problems.ts';
import { mutantsOf } from '../../src/problems/mutants.ts';
import { gpuSeeds } from './gpu-seeds.ts';
import type { ProgramItem } from './program-work.ts';

interface Twin {
  readonly style: 'custom_kernel' | 'function' | 'model';
  readonly symbol: string;
  readonly source: string;
  readonly call?: object;
}

/** A way of calling for each. */
const TWINS: Readonly<Record<string, Twin>> = {
  softmax: {
    style: 'custom_kernel',
    symbol: 'ref_kernel',
    source: 'import torch\n\n\ndef ref_kernel(data):\n    (x,) = data\n    return torch.softmax(x, dim=1)\n',
    call: { data: ['x'] },
  },
  rmsnorm: {
    style: 'function',
    symbol: 'run',
    source:
      'import torch\n\n\ndef run(x, weight, eps):\n    return torch.nn.functional.rms_norm(x, (x.shape[1],), weight, eps=eps)\n',
  },
  matmul: {
    style: 'model',
    symbol: 'Model',
    source:
      'import torch\n\n\nclass Model(torch.nn.Module):\n    def __init__(self, transposed):\n        super().__init__()\n        self.transposed = transposed\n\n' +
      '    def forward(self, a, b):\n        return a @ (b.T if self.transposed else b)\n',
    call: { init: { keywords: { transposed: true } } },
  },
};

const KERNELS = join(import.meta.dirname, '../../kernels');
/** In the reference's own text: they are whole candidates. */
const WRONG = ['a sum that leaves out the last sixteenth', 'sums in bf16'];

/** Its inputs are derived: those of the native one, the rows in another order, drawn as a raw tensor. */
const DERIVED = { of: 'softmax', input: 'x', raw: 'raw_x', source: 'def inputs(raw_x):\n    return raw_x.flip(0)\n' };

/** Its outputs are checked by a program, which says as much as a comparison by the native one's tolerance does, and that rows sum to 1. */
const CHECKED = {
  of: 'softmax',
  rules: ['close', 'near', 'whole'],
  source: ({ rtol, atol, relative_l2: norm }: Problem['tolerance']): string =>
    [
      'import torch',
      '',
      '',
      'def check(x, out):',
      '    right = torch.softmax(x.double(), dim=1)',
      '    away = (out - right).abs()',
      `    room = ${atol} * out.numel() ** 0.5`,
      '    return {',
      `        "close": away <= ${atol} + ${rtol} * right,`,
      `        "near": away.norm() <= ${norm} * right.norm() + room,`,
      '        "whole": (out.double().sum(dim=1) - 1).abs() <= 1e-3,',
      '    }',
      '',
    ].join('\n'),
};

/** A folder of problems: each native one, and its twins. */
export const writeReferenceProblems = (folder: string, only: readonly string[] | undefined): readonly string[] =>
  Object.entries(TWINS)
    .filter(([name]) => only === undefined || only.includes(name))
    .map(([name, twin]) => {
      cpSync(join(KERNELS, name), join(folder, name), { recursive: true });
      cpSync(join(KERNELS, name), join(folder, twinName(name)), { recursive: true });
      writeTwin(join(folder, twinName(name)), name, twin);
      if (name === DERIVED.of) writeDerived(folder);
      if (name === CHECKED.of) writeChecked(folder);
      return name;
    });

const twinName = (name: string): string => `${name}_torch`;
const derivedName = (name: string): string => `${name}_derived`;
const checkedName = (name: string): string => `${name}_checked`;
/** Of a native problem. */
const twinsOf = (name: string): readonly string[] => [
  twinName(name),
  ...(name === DERIVED.of ? [derivedName(name)] : []),
  ...(name === CHECKED.of ? [checkedName(name)] : []),
];

/** The native problem, as far as programs can be of it. */
const programmable = (file: string): Omit<Problem, 'cpu'> => {
  const { cpu: _cpu, ...problem } = Problem.parse(parse(readFileSync(file, 'utf8')));
  return problem;
};

const writeChecked = (root: string): void => {
  const { of, rules, source } = CHECKED;
  const folder = join(root, checkedName(of));
  cpSync(join(KERNELS, of), folder, { recursive: true });
  const file = join(folder, 'problem.yaml');
  const problem = programmable(file);
  const checked = { ...problem, name: checkedName(of), verify: { file: 'verify.py', symbol: 'check', rules } };
  writeFileSync(file, stringify(checked, { aliasDuplicateObjects: false }));
  writeFileSync(join(folder, 'verify.py'), source(problem.tolerance));
};

const writeDerived = (root: string): void => {
  const { of, input, raw, source } = DERIVED;
  const folder = join(root, derivedName(of));
  cpSync(join(KERNELS, of), folder, { recursive: true });
  const problem = programmable(join(folder, 'problem.yaml'));
  const drawn = problem.tensors[input];
  if (!drawn) throw new Error(`${of} has no tensor ${input}`);
  const { dtype, shape, distribution } = drawn;
  const derived = {
    ...problem,
    name: derivedName(of),
    tensors: { ...problem.tensors, [input]: { dtype, shape, role: 'in', distribution: { kind: 'derived' } } },
    derive: { file: 'derive.py', symbol: 'inputs', raw: { [raw]: { dtype, shape, distribution } } },
    check: problem.check.map(({ distributions, ...item }) => ({
      ...item,
      ...(distributions?.[input] && { distributions: { [raw]: distributions[input] } }),
    })),
  };
  writeFileSync(join(folder, 'problem.yaml'), stringify(derived, { aliasDuplicateObjects: false }));
  writeFileSync(join(folder, 'derive.py'), source);
};

const writeTwin = (folder: string, name: string, { style, symbol, source, call }: Twin): void => {
  const file = join(folder, 'problem.yaml');
  const problem = programmable(file);
  const gpu = { reference: { file: 'reference.py', symbol, style } };
  writeFileSync(
    file,
    stringify({ ...problem, name: twinName(name), gpu, ...(call && { call }) }, { aliasDuplicateObjects: false }),
  );
  writeFileSync(join(folder, 'reference.py'), source);
};

/** The seeds, and wrong versions of the native reference, each judged by both. */
export const referenceItems = (folder: string, names: readonly string[], device: string): readonly ProgramItem[] =>
  names.flatMap((name) => {
    const loaded = loadProblem(join(folder, name));
    return [...seedsOf(loaded), ...wrongOf(loaded)].flatMap(({ of, language, source, expected }) => {
      const body = { device, language, source, effort: 'full' as const };
      return twinsOf(name).map((twin) => ({
        name: `${twin}/${of}`,
        problem: twin,
        kind: 'references' as const,
        expected: [expected],
        twin: null,
        body: SubmitCandidate.parse({ ...body, problem: twin }),
        beside: SubmitCandidate.parse({ ...body, problem: name }),
      }));
    });
  });

interface Judged {
  readonly of: string;
  readonly language: 'cuda' | 'triton';
  readonly source: string;
  readonly expected: string;
}

const seedsOf = (loaded: LoadedProblem): readonly Judged[] =>
  gpuSeeds(loaded).map(({ name, language, source }) => ({ of: name, language, source, expected: 'passed' }));

const wrongOf = (loaded: LoadedProblem): readonly Judged[] =>
  mutantsOf(loaded.definitionFor('gpu', 'sm_90a'))
    .wrong.filter(({ name }) => WRONG.includes(name))
    .map(({ name, unit }) => ({ of: name, language: 'cuda' as const, source: unit.source, expected: 'wrong_answer' }));
