import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Outcome } from '../../../src/domain/outcome.ts';
import { CompileUnit } from '../../../src/domain/protocol.ts';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { resolveCandidate } from '../../../src/problems/resolve-candidate.ts';
import { kernelUnit } from '../../support/kernel-unit.ts';

const scale = loadProblem(join(import.meta.dirname, '../../fixtures/problems/scale'));
const source = scale.files['reference.cu'] ?? '';
const cuda = (text: string, params = {}) =>
  resolveCandidate(scale, { target: 'gpu', architecture: 'sm_90a', content: { language: 'cuda', source: text, params } });

test('a candidate becomes a unit with its params and a plan for every case', () => {
  const result = cuda(source, { BLOCK: 128 });
  if (!result.ok) throw new Error(result.outcome.message);
  expect(CompileUnit.parse(result.unit)).toEqual(result.unit);
  expect(result.unit).toEqual({
    language: 'cuda',
    source,
    params: { BLOCK: 128 },
    architecture: 'sm_90a',
    kernels: [],
    numWarps: null,
    numStages: null,
  });
  expect(Object.keys(result.plans)).toEqual(['one', 'odd', '16M']);
  expect(result.plans['odd']?.launches[0]?.grid).toEqual([8, 1, 1]);
});

const asking = (compile: string, params = {}) => cuda(source.replace('launch:', `compile: ${compile}\nlaunch:`), params);

describe('what a plan asks of its compiler', () => {
  test('are numbers by its params, and nothing where it asks for nothing', () => {
    const result = asking('{use_fast_math: true, fmad: false, maxrregcount: BLOCK / 4, ptxas_opt_level: 2}', { BLOCK: 128 });
    if (!result.ok) throw new Error(result.outcome.message);
    expect(kernelUnit(result.unit).compile).toEqual({ use_fast_math: 1, fmad: 0, maxrregcount: 32, ptxas_opt_level: 2 });
    expect(CompileUnit.parse(result.unit)).toEqual(result.unit);
    const plain = cuda(source);
    expect(plain.ok && plain.unit).not.toHaveProperty('compile');
  });

  test.each([
    ['{maxrregcount: 300}', 'compile.maxrregcount', /maxrregcount must be 16 to 255/],
    ['{fmad: 2}', 'compile.fmad', /fmad must be 0 to 1/],
    ['{fmad: n}', 'compile.fmad', /unknown name "n"/],
    ['{include: /etc}', 'compile', /unknown field "include"/],
  ])('%s is a plan_error', (compile, field, message) => {
    const result = asking(compile);
    expect(result.ok ? null : result.outcome).toMatchObject({ verdict: 'plan_error', field });
    expect(!result.ok && result.outcome.message).toMatch(message);
  });

  test('is refused in other languages', () => {
    const text = (scale.files['reference.c'] ?? '').replace('launch:', 'compile: {fmad: 0}\nlaunch:');
    const result = resolveCandidate(scale, {
      target: 'cpu',
      architecture: 'native',
      content: { language: 'c', source: text, params: {} },
    });
    expect(result).toMatchObject({
      ok: false,
      outcome: { field: 'compile', message: 'only the compiler of CUDA takes options, not that of c' },
    });
  });
});

const named = (name: string) => cuda(source.replace('kernel: scale', `kernel: ${name}`));

describe('a kernel by a C++ name', () => {
  test.each(['add<float, 4>', 'mine::add<const float*, BLOCK>', 'mine::scale', 'add<f<(N + 1) * 2>, char&>'])(
    '%s is told to the compiler, once, and launched by that name',
    (name) => {
      const result = named(name);
      if (!result.ok) throw new Error(JSON.stringify(result.outcome));
      expect(kernelUnit(result.unit).kernels).toEqual([{ name, args: [] }]);
      expect(result.plans['odd']?.launches[0]?.kernel).toBe(name);
      expect(CompileUnit.parse(result.unit)).toEqual(result.unit);
    },
  );

  test.each(['add<', 'add<"x">', 'a b', '4add', 'add<x>y', 'add;', 'add<#>', '::add'])('%s is none', (name) => {
    const result = named(JSON.stringify(name));
    expect(result.ok ? null : Outcome.parse(result.outcome)).toMatchObject({ verdict: 'plan_error', field: 'launch[0].kernel' });
  });

  test('is a plan_error outside of CUDA', () => {
    const text = (scale.files['reference.c'] ?? '').replace('kernel: scale', 'kernel: add<float>');
    const content = { language: 'c' as const, source: text, params: {} };
    const result = resolveCandidate(scale, { target: 'cpu', architecture: 'native', content });
    expect(result.ok ? null : result.outcome).toMatchObject({ verdict: 'plan_error', field: 'launch[0].kernel' });
  });
});

describe('what was resolved before', () => {
  const content = { language: 'cuda' as const, source, params: { BLOCK: 64 } };
  const on = (architecture: string, changes: Partial<typeof content> = {}) => {
    const result = resolveCandidate(scale, { target: 'gpu', architecture, content: { ...content, ...changes } });
    if (!result.ok) throw new Error(result.outcome.message);
    return result;
  };

  test('is shared by the trials of one content, also where their texts are equal and not the same', () => {
    expect(on('sm_90a', { source: ` ${source}`.slice(1), params: { BLOCK: 64 } }).unit).toBe(on('sm_90a').unit);
  });

  test('gives each architecture its own unit and all of them one plan', () => {
    const [one, other] = [on('sm_90a'), on('sm_80')];
    expect([one.unit.architecture, other.unit.architecture]).toEqual(['sm_90a', 'sm_80']);
    expect(other.plans).toBe(one.plans);
  });

  test('is another thing for other params or another source', () => {
    expect(on('sm_90a', { params: { BLOCK: 128 } }).plans).not.toEqual(on('sm_90a').plans);
    expect(kernelUnit(on('sm_90a', { source: `${source}\n` }).unit).source).toBe(`${source}\n`);
  });
});

describe('a bad plan is a plan_error that says where:', () => {
  test.each([
    ['no header', 'int x;', {}, 'header', 'no launch plan'],
    ['an undeclared param', source, { BLOK: 1 }, 'params.BLOK', 'declared are BLOCK'],
    ['a block too large for the device', source, { BLOCK: 2048 }, 'launch[0].block[0]', 'case one: '],
    [
      'an expression that fails on one case only',
      source.replace('ceil_div(n, BLOCK)', 'n / 2'),
      {},
      'launch[0].grid[0]',
      'case one: ',
    ],
  ])('%s', (_what, text, ...[params, field, message]) => {
    const result = cuda(text, params);
    if (result.ok) throw new Error('accepted');
    expect(Outcome.parse(result.outcome)).toMatchObject({ verdict: 'plan_error', field });
    expect(result.outcome.message).toContain(message);
  });
});

test('a language that the target never runs, or a target the problem lacks, is the caller’s mistake', () => {
  const c = { language: 'c', source, params: {} } as const;
  expect(() => resolveCandidate(scale, { target: 'gpu', architecture: 'sm_90a', content: c })).toThrow(/use cuda or triton/);
});

const python = (plan: string): string => `"""kiln
params: {BLOCK: 1024}
scratch: {partial: n * 4}
launch:
  - kernel: scale
    grid: [ceil_div(n, BLOCK)]
    args: [x, partial, factor, n]
${plan}"""
`;
const triton = (text: string) =>
  resolveCandidate(scale, { target: 'gpu', architecture: 'sm_90a', content: { language: 'triton', source: text, params: {} } });

describe('a Triton candidate', () => {
  test('gets the signature of its kernel, a value divisible by 16 only where it is in every case', () => {
    const result = triton(python('num_warps: BLOCK / 128\nnum_stages: 2\n'));
    if (!result.ok) throw new Error(result.outcome.message);
    expect(result.unit).toMatchObject({ numWarps: 8, numStages: 2 });
    expect(kernelUnit(result.unit).kernels).toEqual([
      {
        name: 'scale',
        args: [
          { pointer: true, dtype: 'f32', divisibleBy16: true },
          { pointer: true, dtype: 'u8', divisibleBy16: true },
          { pointer: false, dtype: 'f32', divisibleBy16: false },
          { pointer: false, dtype: 'i32', divisibleBy16: false },
        ],
      },
    ]);
    expect(result.plans['16M']?.launches[0]?.block).toEqual([256, 1, 1]);
  });

  test('compiles what a shape that is not known may launch too, and takes no value of a conditional launch for divisible by 16', () => {
    const plan = [
      '  - {kernel: long, when: n % 16 == 0, grid: [1], args: [x, n]}',
      '  - {kernel: elsewhere, when: n < 0, grid: [1], args: [x, n]}\n',
    ].join('\n');
    const result = triton(python(plan));
    if (!result.ok) throw new Error(result.outcome.message);
    expect(kernelUnit(result.unit).kernels.map(({ name, args }) => [name, args.at(-1)?.divisibleBy16])).toEqual([
      ['scale', false],
      ['long', false],
      ['elsewhere', false],
    ]);
    expect(result.plans['16M']?.launches.map(({ kernel }) => kernel)).toEqual(['scale', 'long']);
    expect(result.plans['odd']?.launches.map(({ kernel }) => kernel)).toEqual(['scale']);
  });

  test('may not launch one kernel with two signatures', () => {
    const result = triton(python('  - kernel: scale\n    args: [x, n, factor, partial]\n'));
    expect(result).toMatchObject({ ok: false, outcome: { field: 'launch[1].args' } });
  });
});
