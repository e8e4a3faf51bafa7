import { describe, expect, test } from 'vitest';
import { Problem } from '../../../../src/domain/problem.ts';
import { Definition, type Workload } from '../../../../src/importers/flashinfer/documents.ts';
import { importDefinition, uuidOf } from '../../../../src/importers/flashinfer/import-definition.ts';

const uuid = (n: number): string => `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`;
const NORM = {
  name: 'scaled_norm_h128',
  description: 'A norm with a weight.',
  axes: { rows: { type: 'var' }, hidden: { type: 'const', value: 128 } },
  inputs: {
    x: { shape: ['rows', 'hidden'], dtype: 'bfloat16' },
    weight: { shape: ['hidden'], dtype: 'bfloat16' },
    eps: { shape: null, dtype: 'float32' },
  },
  outputs: { y: { shape: ['rows', 'hidden'], dtype: 'bfloat16' } },
  reference: 'import torch\n\ndef run(x, weight, eps):\n    return x\n',
};
const definition = (change: object = {}): Definition => Definition.parse({ ...NORM, ...change });
const workload = (n: number, rows: number, eps: number = 1e-6): Workload => ({
  uuid: uuid(n),
  axes: { rows },
  inputs: { x: { type: 'random' }, weight: { type: 'random' }, eps: { type: 'scalar', value: eps } },
});
const imported = (change: object = {}, workloads: readonly Workload[] = [workload(1, 64), workload(2, 7)]) => {
  const { problem, notes } = importDefinition(definition(change), workloads, 'own');
  return { problem: Problem.parse(problem), notes };
};

describe('a definition', () => {
  test('becomes a problem: axes that vary are variables, constants numbers, numbers scalars, and workloads cases of their own id', () => {
    const { problem } = imported();
    expect(problem).toMatchObject({
      name: 'own',
      title: 'scaled_norm_h128, of FlashInfer-Trace',
      variables: ['rows'],
      tensors: {
        x: { dtype: 'bf16', shape: ['rows', 128], role: 'in', distribution: { kind: 'normal' } },
        weight: { shape: [128], role: 'in' },
        y: { dtype: 'bf16', role: 'out' },
      },
      scalars: { eps: { dtype: 'f32', value: 1e-6 } },
      gpu: { reference: { file: 'reference.py', symbol: 'run', style: 'function' } },
      bench: {
        gpu: [
          { name: `rows7-${uuid(2)}`, shape: { rows: 7 } },
          { name: `rows64-${uuid(1)}`, shape: { rows: 64 } },
        ],
      },
    });
    expect(problem.check.map(({ name, shape }) => [uuidOf(name), shape['rows']])).toEqual([
      [uuid(2), 7],
      [uuid(1), 64],
    ]);
  });

  test('of many workloads has sixteen of all sizes, each shape once, and says how many were left out', () => {
    const many = Array.from({ length: 200 }, (_, n) => workload(n, 1 + (n % 100)));
    const { problem, notes } = imported({}, many);
    const rows = problem.bench.gpu.map(({ shape }) => shape['rows']);
    expect([rows.length, rows[0], rows.at(-1), new Set(rows).size]).toEqual([16, 1, 100, 16]);
    expect(notes.join('\n')).toContain('84 workloads are left out');
  });

  test('takes the numbers that most workloads have, and leaves the others out', () => {
    const { problem, notes } = imported({}, [workload(1, 64), workload(2, 7), workload(3, 9, 1e-5)]);
    expect(problem.scalars['eps']?.value).toBe(1e-6);
    expect(problem.bench.gpu).toHaveLength(2);
    expect(notes.join('\n')).toContain('1 workloads are left out: their numbers are others');
  });

  test('without an axis that varies keeps its first one as a variable', () => {
    const { problem } = imported({ axes: { rows: { type: 'const', value: 3 }, hidden: { type: 'const', value: 128 } } });
    expect([problem.variables, problem.bench.gpu[0]?.shape, problem.tensors['x']?.shape]).toEqual([
      ['rows'],
      { rows: 3 },
      ['rows', 128],
    ]);
  });

  test('whose name of an axis is that of a tensor gives the axis another one', () => {
    const { problem } = imported(
      {
        axes: { x: { type: 'var' }, hidden: { type: 'const', value: 128 } },
        inputs: { ...NORM.inputs, x: { shape: ['x', 'hidden'], dtype: 'float32' } },
        outputs: { y: { shape: ['x'], dtype: 'float32' } },
      },
      [{ ...workload(1, 5), axes: { x: 5 } }],
    );
    expect([problem.variables, problem.tensors['y']?.shape, problem.bench.gpu[0]?.shape]).toEqual([['x_2'], ['x_2'], { x_2: 5 }]);
  });

  const FROM_FILE: Workload = { ...workload(9, 5), inputs: { ...workload(9, 5).inputs, x: { type: 'safetensors', path: 'x' } } };
  test.each<[string, object, readonly Workload[], RegExp]>([
    ['no function run', { reference: 'def other(): pass\n' }, [workload(1, 2)], /defines no function `run`/u],
    ['no workloads', {}, [], /has no workloads/u],
    ['inputs from files alone', {}, [FROM_FILE], /all of its workloads take inputs from files/u],
    [
      'indices',
      { inputs: { ...NORM.inputs, at: { shape: ['rows'], dtype: 'int32' } } },
      [workload(1, 2)],
      /`at` holds integers/u,
    ],
    [
      'a type of others',
      { outputs: { y: { shape: ['rows'], dtype: 'float8_e5m2' } } },
      [workload(1, 2)],
      /`y` is of the type float8_e5m2/u,
    ],
    [
      'an axis that is none',
      { outputs: { y: { shape: ['cols'], dtype: 'float32' } } },
      [workload(1, 2)],
      /names the axis "cols"/u,
    ],
    [
      'a type that every object has',
      { outputs: { y: { shape: ['rows'], dtype: 'constructor' } } },
      [workload(1, 2)],
      /`y` is of the type constructor/u,
    ],
    [
      'a number of a type that every object has',
      { inputs: { ...NORM.inputs, eps: { shape: null, dtype: 'valueOf' } } },
      [workload(1, 2)],
      /the number `eps` is of the type valueOf/u,
    ],
    [
      'an axis that every object has',
      { outputs: { y: { shape: ['toString'], dtype: 'float32' } } },
      [workload(1, 2)],
      /names the axis "toString"/u,
    ],
    [
      'a workload without a size of what every object has',
      { axes: { ...NORM.axes, toString: { type: 'var' } } },
      [workload(1, 2)],
      /says no size of the axis "toString"/u,
    ],
    ['a workload without a size', {}, [{ ...workload(1, 2), axes: {} }], /says no size of the axis "rows"/u],
    ['a number that nobody says', {}, [{ ...workload(1, 2), inputs: {} }], /no workload says what the number `eps` is/u],
    [
      'a number that every object has and nobody says',
      { inputs: { ...NORM.inputs, valueOf: { shape: null, dtype: 'float32' } } },
      [workload(1, 2)],
      /no workload says what the number `valueOf` is/u,
    ],
    [
      'a name that no program can be handed',
      { inputs: { ...NORM.inputs, 'a-b': { shape: ['rows'], dtype: 'float32' } } },
      [workload(1, 2)],
      /`a-b` is no name/u,
    ],
  ])('with %s is refused with the reason', (_what, change, workloads, reason) => {
    expect(() => imported(change, workloads)).toThrow(reason);
  });
});
