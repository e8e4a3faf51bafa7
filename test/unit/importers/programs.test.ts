import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { WEIGHTS_BYTES_MAX } from '../../../src/domain/case-limits.ts';
import type { RankingView } from '../../../src/domain/api/problems.ts';
import { problemOfHeader } from '../../../src/importers/gpumode/header.ts';
import { readGpuModeTask } from '../../../src/importers/gpumode/task-file.ts';
import { kernelBenchId } from '../../../src/importers/kernelbench/kernelbench-source.ts';
import { kernelBenchResults } from '../../../src/importers/kernelbench/results.ts';
import { answersOf } from '../../../src/importers/programs/answers.ts';
import { expressionOf } from '../../../src/importers/programs/columns.ts';
import { identifierOf, problemNameOf } from '../../../src/importers/programs/names.ts';
import { rolesOf } from '../../../src/importers/programs/roles.ts';
import { score } from '../../support/server/fake-outcomes.ts';

const tensor = (draw: string, shape = [4], dtype = 'f32') => ({
  dtype,
  known: true,
  shape,
  contiguous: true,
  draw: { kind: draw },
});
const output = (index: number | null, shape = [4], dtype = 'f32') => ({ dtype, known: true, shape, name: null, tensor: index });
const task = (text: string) => readGpuModeTask(`${text}\nbenchmarks:\n  - {"m": 64, "on": True, "seed": 1}\n`);

const said = (answers: readonly unknown[]) => `noise\n${JSON.stringify({ torch: '2', python: 'python3', answers })}\n`;

describe('what describe.py printed', () => {
  test('an answer that is none refuses its own file, and the others stand', () => {
    const described = { cases: [], names: ['x'] };
    expect(
      answersOf(said([{ described }, { described: { ...described, weights: -1 } }, 7, { refused: 'too large' }]), ''),
    ).toEqual([
      { described },
      { refused: expect.stringMatching(/^what was said of it cannot be taken: described\.weights: /u) as string },
      { refused: expect.stringMatching(/^what was said of it cannot be taken: /u) as string },
      { refused: 'too large' },
    ]);
  });

  test('a complaint, and what is no answer at all, end the import with what to do', () => {
    expect(() => answersOf('{"complaint": "it has no package torch", "python": "p"}', 'install it')).toThrow(
      'p: it has no package torch: install it',
    );
    expect(() => answersOf('Segmentation fault', '')).toThrow(/^what describes the files answered something else/u);
  });
});

describe('sizes of all cases as one expression', () => {
  const variables = new Map([
    ['n', [64, 96, 4096]],
    ['k', [3, 5, 7]],
    ['fixed', [128, 128, 128]],
  ]);
  test.each([
    [[64, 96, 4096], 'n'],
    [[128, 128, 128], 'fixed'],
    [[7, 7, 7], 7],
    [[62, 92, 4090], 'n-k+1'],
    [[32, 48, 2048], 'n/2'],
    [[192, 480, 28672], 'n*k'],
    [[192, 224, 4224], 'n+fixed'],
    [[1, 1, 32], 'ceil_div(n, 128)'],
    [[64, null, 4096], 'n'],
    [[64, 97, 4096], null],
  ])('%j is %s', (column, expected) => expect(expressionOf(column, variables)).toBe(expected));

  test('a number is no variable where two always have it', () => {
    const two = new Map([
      ['a', [8]],
      ['b', [8]],
    ]);
    expect(expressionOf([8], two)).toBe(8);
  });
});

describe('roles', () => {
  const caseOf = (tensors: ReturnType<typeof tensor>[], outputs: ReturnType<typeof output>[], changed: number[] = []) => ({
    data: { tuple: [] },
    tensors,
    raw: { draws: [], operations: 0, read: null },
    places: [],
    outputs,
    changed,
    complaint: '',
  });
  const of = (...args: Parameters<typeof caseOf>) => rolesOf([caseOf(...args)], (index) => `t${index}`);

  test('what is empty and returned is an output; what has numbers and is changed is both', () => {
    expect(of([tensor('normal'), tensor('empty')], [output(1)], [1]).given).toEqual(['in', 'out']);
    expect(of([tensor('normal'), tensor('normal')], [output(1)], [1]).given).toEqual(['in', 'inout']);
  });

  test('what a reference makes stands for the empty tensor of its kind, also a single number', () => {
    expect(of([tensor('normal'), tensor('empty')], [output(null)])).toMatchObject({ given: ['in', 'out'], outputs: [1] });
    expect(of([tensor('normal'), tensor('empty', [1])], [output(null, [])])).toMatchObject({
      given: ['in', 'out'],
      outputs: [1],
    });
    expect(of([tensor('normal')], [output(null)])).toMatchObject({ given: ['in'], outputs: [null] });
  });

  test.each([
    [
      'another type than the empty one',
      of.bind(null, [tensor('empty')], [output(null, [4], 'f64')]),
      /returns f64 \[4\], and data holds `t0`/,
    ],
    ['an input that is changed', of.bind(null, [tensor('normal')], [output(null)], [0]), /changes `t0` and does not return it/],
    ['an input unchanged', of.bind(null, [tensor('normal')], [output(0)]), /returns its input `t0` unchanged/],
    ['one twice', of.bind(null, [tensor('empty')], [output(0), output(0)], [0]), /returns one tensor several times/],
  ])('refuses %s', (_what, make, message) => expect(make).toThrow(message));
});

describe('names', () => {
  test.each([
    ['vectoradd-v2', 'vectoradd_v2'],
    ['level1_100_HingeLoss', 'level1_100_hinge_loss'],
    ['3_moe', 'moe'],
    ['???', 'imported'],
  ])('%s becomes %s', (text, name) => expect(problemNameOf(text)).toBe(name));
  test('a tensor is a C identifier', () =>
    expect(['norm.weight', '0', '_'].map(identifierOf)).toEqual(['norm_weight', 'x0', 'x']));
});

describe('task.yml', () => {
  test('says which files go with it, and the arguments of its cases without their seeds', () => {
    const { files, cases } = task(
      'files:\n  - {name: submission.py, source: "@SUBMISSION@"}\n  - {name: utils.py, source: ../utils.py}\n  - {name: eval.py, source: ../eval.py}\n  - {name: a.cu, source: a.cu}',
    );
    expect([...files]).toEqual([['utils.py', '../utils.py']]);
    expect(cases).toEqual([{ kind: 'bench', args: { m: 64, on: true } }]);
  });
  test.each([
    ['lang: cu', /its language is cu/],
    ['multi_gpu: true', /several GPUs/],
    ['tests: [{world_size: 8}]', /several GPUs/],
    ['a: &x [1]\nb: *x', /cannot be read/],
    ['tests: {}', /task\.yml: tests/],
  ])('%s is refused', (text, message) => expect(() => task(text)).toThrow(message));
});

describe('a public submission', () => {
  test('names its problem in its header', () => {
    expect(problemOfHeader('#!POPCORN gpus H100\n#!POPCORN leaderboard vectoradd-v2\nimport torch')).toBe('vectoradd_v2');
    expect(problemOfHeader('import torch')).toBeNull();
  });
});

test('a recording holds as many weights as the runner says', () => {
  const shape = readFileSync(new URL('../../../src/gpu/runner/kiln_runner/programs/recording_shape.py', import.meta.url), 'utf8');
  expect(shape).toContain(`BLOBS_BYTES_MAX = ${WEIGHTS_BYTES_MAX / 2 ** 20} * 1024 * 1024`);
});

describe('results as KernelBench has them', () => {
  const entry = {
    place: 1,
    fasterByTime: false,
    candidateId: `c-${'1'.repeat(32)}`,
    language: 'python',
    params: {},
    submitter: 'somebody',
    score: score(2),
    record: true,
    firstSubmittedAt: '2026-01-02T03:04:05.000Z',
  };
  const view = (problem: string, models = 1) =>
    ({
      problem,
      versions: [],
      models: Array.from({ length: models }, (_, at) => ({
        deviceModel: `GPU ${at}`,
        device: 'H100',
        note: null,
        entries: [entry],
      })),
      failed: { compile_error: 1, wrong_answer: 1, cancelled: 5 },
    }) as unknown as RankingView;

  test("by the number in the problem's name, times in milliseconds, what did not pass behind", () => {
    const { '19': samples = [] } = kernelBenchResults(view('level1_19_relu'));
    expect(samples).toMatchObject([
      { sample_id: 0, compiled: true, correctness: true, runtime: 0.0365, ref_runtime: 0.073, metadata: { hardware: 'GPU 0' } },
      { sample_id: 1, compiled: false, correctness: false, runtime: -1 },
      { sample_id: 2, compiled: true, correctness: false, runtime: -1 },
    ]);
  });

  test('of one device model, and of a problem that has a number', () => {
    expect(() => kernelBenchResults(view('level1_19_relu', 2))).toThrow(/choose one with --device \(GPU 0, GPU 1\)/);
    expect(() => kernelBenchResults(view('softmax'))).toThrow(/softmax has no number/);
    expect(kernelBenchId('problem_7_x')).toEqual({ level: null, id: 7 });
  });
});
