import { describe, expect, test } from 'vitest';
import { type Language, LaunchPlan, type Params } from '../../../src/domain/plan/plan.ts';
import { Problem } from '../../../src/domain/problem.ts';
import { parseHeader } from '../../../src/problems/parse-header.ts';
import { resolvePlan } from '../../../src/problems/resolve-plan.ts';

const problem = Problem.parse({
  name: 'p',
  title: 'P',
  variables: ['n', 'm'],
  tensors: { a: { dtype: 'f32', shape: ['n'], role: 'in' }, out: { dtype: 'f32', shape: ['n'], role: 'out' } },
  scalars: { eps: { dtype: 'f32', value: 0.5 } },
  tolerance: { rtol: 0, atol: 0, relative_l2: 1 },
  check: [{ name: 'c', shape: { n: 1000, m: 3 } }],
  bench: {},
  floor: { read_bytes: 1, write_bytes: 1, flops: 1, unit: 'f32' },
});

const base = { kernel: 'k', grid: ['ceil_div(n, BLOCK)'], block: ['BLOCK'], args: ['a', 'out', 'n'] };
const resolve = (launch: object, options: { params?: Params; language?: Language; plan?: object } = {}) =>
  resolvePlan(LaunchPlan.parse({ params: { BLOCK: 256, KIND: 'float4' }, launch: [{ ...base, ...launch }], ...options.plan }), {
    problem,
    language: options.language ?? 'cuda',
    shape: { n: 1000, m: 3 },
    params: options.params ?? {},
  });

test('expressions become numbers and names become tensors, i32 shape values, scalars and scratch buffers', () => {
  const launch = { args: ['out', 'n', 'eps', 'partial'], shared: 'BLOCK * 4', cluster: ['2'] };
  expect(resolve(launch, { plan: { scratch: { partial: 'ceil_div(n, BLOCK) * 4' } } })).toEqual({
    ok: true,
    plan: {
      launches: [
        {
          kernel: 'k',
          grid: [4, 1, 1],
          block: [256, 1, 1],
          cluster: [2, 1, 1],
          shared: 1024,
          args: [
            { kind: 'tensor', name: 'out' },
            { kind: 'scalar', dtype: 'i32', value: 1000 },
            { kind: 'scalar', dtype: 'f32', value: 0.5 },
            { kind: 'scratch', name: 'partial' },
          ],
        },
      ],
      scratch: { partial: 16 },
    },
  });
});

test('a whole number among the arguments is an int, and other numbers have the type that they say', () => {
  expect(resolve({ args: [8, { f32: 0.5 }, { f64: 1 }, { i64: -(2 ** 40) }, { u32: 2 ** 32 - 1 }] })).toMatchObject({
    plan: {
      launches: [
        {
          args: [
            { kind: 'scalar', dtype: 'i32', value: 8 },
            { kind: 'scalar', dtype: 'f32', value: 0.5 },
            { kind: 'scalar', dtype: 'f64', value: 1 },
            { kind: 'scalar', dtype: 'i64', value: -(2 ** 40) },
            { kind: 'scalar', dtype: 'u32', value: 2 ** 32 - 1 },
          ],
        },
      ],
    },
  });
});

test('a float that is written with its point is a number like others where its type is said', () => {
  const header = parseHeader('/* kiln\nlaunch: [{kernel: k, args: [{f32: 1.0}, {f64: 2e3}, {i32: 3.0}, 4]}]\n*/', 'c');
  expect(header.ok && header.plan.launch[0]?.args).toEqual([
    { dtype: 'f32', value: 1 },
    { dtype: 'f64', value: 2000 },
    { dtype: 'i32', value: 3 },
    { dtype: 'i32', value: 4 },
  ]);
});

test.each([
  ['0.5', 'launch[0].args[1]', 'line 4: 0.5 is no int: say its type, as in {f32: 0.5}'],
  ['1.0', 'launch[0].args[1]', 'line 4: 1.0 is no int: say its type, as in {f32: 1.0}'],
  ['2147483648', 'launch[0].args[1]', 'line 4: i32 does not hold 2147483648: from -2147483648 to 2147483647'],
  ['{u32: -1}', 'launch[0].args[1]', 'line 4: u32 does not hold -1: from 0 to 4294967295'],
  ['{i64: 1.5}', 'launch[0].args[1]', 'line 4: i64 holds whole numbers, not 1.5'],
  ['{f32: 1e39}', 'launch[0].args[1]', 'line 4: f32 does not hold 1e+39: from -3.4028234663852886e+38 to 3.4028234663852886e+38'],
  ['{f64: .inf}', 'launch[0].args[1]', 'line 4: f64 does not hold Infinity'],
  ['{f16: 1}', 'launch[0].args[1]', 'line 4: an argument is a name, a whole number, or a number with its type (f64, f32, i64'],
  ['{f32: 1, f64: 1}', 'launch[0].args[1]', 'line 4: an argument is a name'],
  ['n + 1', 'launch[0].args[1]', 'line 4: a name is a C identifier of at most 128 characters'],
])('the argument %s is refused with its line and the reason', (arg, field, message) => {
  const source = `/* kiln\nlaunch:\n  - kernel: k\n    args: [a, ${arg}]\n*/`;
  const header = parseHeader(source, 'cuda');
  expect(header).toMatchObject({ ok: false, field });
  expect(header.ok ? '' : header.message).toContain(message);
});

test("the submitter's params win over the header's", () => {
  expect(resolve({}, { params: { BLOCK: 128 } })).toMatchObject({
    ok: true,
    plan: { launches: [{ grid: [8, 1, 1], block: [128, 1, 1] }] },
  });
});

test('a param the header does not declare is named with the declared ones', () => {
  expect(resolve({}, { params: { BLOK: 128 } })).toEqual({
    ok: false,
    field: 'params.BLOK',
    message: 'the header declares no param "BLOK"; declared are BLOCK, KIND',
  });
});

describe('a plan is refused with the field when', () => {
  test.each<[string, object, string, RegExp]>([
    ['a name is unknown', { grid: ['k'] }, 'launch[0].grid[0]', /unknown name "k"; known are BLOCK, n, m/],
    ['a param that is no integer is used as one', { grid: ['KIND'] }, 'launch[0].grid[0]', /unknown name "KIND"/],
    ['an argument is unknown', { args: ['a', 'b'] }, 'launch[0].args[1]', /unknown argument "b"; known are a, out, n, m, eps/],
    ['a param is passed as an argument', { args: ['BLOCK'] }, 'launch[0].args[0]', /unknown argument "BLOCK"/],
    ['a grid has no block', { grid: ['m / BLOCK'] }, 'launch[0].grid[0]', /is 0; grid x must be 1 to 2147483647/],
    ['grid x is too large', { grid: [2 ** 31] }, 'launch[0].grid[0]', /2147483647/],
    ['grid y is too large', { grid: [1, 65536] }, 'launch[0].grid[1]', /65535/],
    ['grid z is too large', { grid: [1, 1, 65536] }, 'launch[0].grid[2]', /65535/],
    ['block z is too large', { block: [1, 1, 65] }, 'launch[0].block[2]', /64/],
    ['a block has too many threads', { block: [32, 33] }, 'launch[0].block', /1056 threads a block; at most 1024/],
    ['a cluster is too large', { grid: [32, 2], cluster: [16, 2] }, 'launch[0].cluster', /32 blocks a cluster; at most 16/],
    ['a grid is no multiple of the cluster', { cluster: [3] }, 'launch[0].cluster[0]', /no multiple/],
    ['shared memory is too large', { shared: 232449 }, 'launch[0].shared', /232448/],
    ['shared memory is negative', { shared: '0 - 1' }, 'launch[0].shared', /is -1/],
    ['a division by zero is met', { grid: ['n / (m - 3)'] }, 'launch[0].grid[0]', /division by zero/],
  ])('%s', (_what, launch, ...[field, message]) => {
    const result = resolve(launch);
    expect(result).toMatchObject({ ok: false, field });
    expect(!result.ok && result.message).toMatch(message);
  });

  test('a scratch buffer is empty or above its limit', () => {
    expect(resolve({}, { plan: { scratch: { s: 0 } } })).toMatchObject({ ok: false, field: 'scratch.s' });
    expect(resolve({}, { plan: { scratch: { s: 2 ** 30 + 1 } } })).toMatchObject({ ok: false, field: 'scratch.s' });
    expect(resolve({}, { plan: { scratch: { s: 2 ** 30 } } })).toMatchObject({ ok: true });
  });

  test('a param or scratch buffer is called like something of the problem', () => {
    expect(resolve({}, { plan: { params: { BLOCK: 1, n: 5 } } })).toMatchObject({ ok: false, field: 'params.n' });
    expect(resolve({}, { plan: { scratch: { out: 5 } } })).toMatchObject({ ok: false, field: 'scratch.out' });
    expect(resolve({}, { plan: { scratch: { BLOCK: 5 } } })).toMatchObject({ ok: false, field: 'scratch.BLOCK' });
  });
});

test('every limit itself is allowed', () => {
  const limits = { grid: [2 ** 31 - 1, 65535, 65535], block: [16, 1, 64], shared: 232448 };
  expect(resolve(limits)).toMatchObject({ ok: true, plan: { launches: [limits] } });
});

test('a launch is cooperative where it says so, in CUDA and Triton', () => {
  expect(resolve({ cooperative: true })).toMatchObject({ ok: true, plan: { launches: [{ cooperative: true }] } });
  expect(resolve({ cooperative: true }, { language: 'triton' })).toMatchObject({ plan: { launches: [{ cooperative: true }] } });
  for (const plain of [resolve({}), resolve({ cooperative: false }), resolve({ cooperative: true }, { language: 'c' })])
    expect(plain.ok && plain.plan.launches[0]).not.toHaveProperty('cooperative');
  expect(resolve({ cooperative: true, cluster: [2] })).toEqual({
    ok: false,
    field: 'launch[0].cooperative',
    message: 'a launch is cooperative or in clusters, not both',
  });
});

/** `a` has so many elements. */
const filledWith = (n: number) =>
  resolvePlan(LaunchPlan.parse({ launch: [{ kernel: 'k', args: ['out'] }], symbols: { d_a: 'a' } }), {
    problem,
    language: 'cuda',
    shape: { n, m: 1 },
    params: {},
  });

describe('symbols', () => {
  const plan = { let: { twice: 'n * 2' }, scratch: { partial: 16 } };

  test('name a tensor that is only read, or a number of the case', () => {
    const symbols = { d_a: 'a', a: 'a', d_n: 'n', d_eps: 'eps', d_twice: 'twice' };
    for (const language of ['cuda', 'c'] as const)
      expect(resolve({}, { language, plan: { ...plan, symbols } })).toMatchObject({
        plan: {
          symbols: [
            { name: 'd_a', value: { kind: 'tensor', name: 'a' } },
            { name: 'a', value: { kind: 'tensor', name: 'a' } },
            { name: 'd_n', value: { kind: 'scalar', dtype: 'i32', value: 1000 } },
            { name: 'd_eps', value: { kind: 'scalar', dtype: 'f32', value: 0.5 } },
            { name: 'd_twice', value: { kind: 'scalar', dtype: 'i32', value: 2000 } },
          ],
        },
      });
  });

  test('a plan without them has none', () => {
    for (const none of [resolve({}), resolve({}, { plan: { symbols: {} } })])
      expect(none.ok && none.plan).not.toHaveProperty('symbols');
  });

  test.each<[string, object, string, string]>([
    ['nothing has the name', { d_a: 'b' }, 'symbols.d_a', 'unknown name "b"; a symbol is filled with a, n, m, eps, twice'],
    [
      'the tensor is an output',
      { d_a: 'out' },
      'symbols.d_a',
      '"out" is written by the kernel: a symbol is filled with a tensor of role in; pass it as an argument',
    ],
    [
      'it is a scratch buffer',
      { d_a: 'partial' },
      'symbols.d_a',
      '"partial" is a scratch buffer, which holds nothing before a run: pass it as an argument',
    ],
    [
      'a param has the name',
      { BLOCK: 'a' },
      'symbols.BLOCK',
      `"BLOCK" is a param too, so the code has the param's value there; choose another name`,
    ],
  ])('are refused where %s', (_what, symbols, field, message) => {
    expect(resolve({}, { plan: { ...plan, symbols } })).toEqual({ ok: false, field, message });
  });

  test('are no more than 16 MiB each', () => {
    expect(filledWith(2 ** 22)).toMatchObject({ ok: true });
    expect(filledWith(2 ** 22 + 1)).toEqual({
      ok: false,
      field: 'symbols.d_a',
      message: '"a" has 16777220 bytes; a symbol is filled with at most 16777216: pass it as an argument',
    });
  });

  test('are not for Triton', () => {
    expect(resolve({}, { language: 'triton', plan: { symbols: { d_a: 'a' } } })).toEqual({
      ok: false,
      field: 'symbols.d_a',
      message: 'a Triton kernel has no variables that could be filled: take "a" as an argument',
    });
  });
});

test('grid, block and shared memory mean nothing to C', () => {
  expect(resolve({ grid: [0], block: ['nonsense'], shared: 10 ** 9 }, { language: 'c' })).toMatchObject({
    ok: true,
    plan: { launches: [{ grid: [1, 1, 1], block: [1, 1, 1], shared: 0 }] },
  });
});

const triton = (plan: object) => resolve({ block: [7] }, { language: 'triton', plan });
test('a Triton block follows from its warps', () => {
  expect(triton({ num_warps: 'BLOCK / 32' })).toMatchObject({ ok: true, plan: { launches: [{ block: [256, 1, 1] }] } });
  expect(triton({})).toMatchObject({ ok: true, plan: { launches: [{ block: [128, 1, 1] }] } });
  expect(triton({ num_warps: 3 })).toMatchObject({ ok: false, field: 'num_warps' });
  expect(triton({ num_warps: 'n' })).toMatchObject({ ok: false, field: 'num_warps' });
});

/** Field and message, or null. */
const failure = (plan: object, launch: object = {}) => {
  const result = resolve(launch, { plan });
  return result.ok ? null : [result.field, result.message];
};

describe('the lets of a plan', () => {
  const lets = { blocks: 'ceil_div(n, BLOCK)', twice: 'blocks * 2' };
  test('stand for their value in every expression, also in the lets behind them, and are int arguments', () => {
    const launch = { grid: ['twice', 'blocks'], shared: 'blocks * 16', cluster: ['twice'], args: ['a', 'twice'] };
    expect(resolve(launch, { plan: { let: lets, scratch: { partial: 'twice * 4' } } })).toMatchObject({
      ok: true,
      plan: {
        launches: [
          {
            grid: [8, 4, 1],
            shared: 64,
            cluster: [8, 1, 1],
            args: [
              { kind: 'tensor', name: 'a' },
              { kind: 'scalar', dtype: 'i32', value: 8 },
            ],
          },
        ],
        scratch: { partial: 32 },
      },
    });
  });

  test('follow the params of a submission', () => {
    const result = resolve({ grid: ['blocks'] }, { plan: { let: lets }, params: { BLOCK: 500 } });
    expect(result).toMatchObject({ ok: true, plan: { launches: [{ grid: [2, 1, 1] }] } });
  });

  test.each([
    ['a let that uses itself', { x: 'x + 1' }, 'x', 'which is the let itself'],
    ['lets in a circle', { x: 'y', y: 'x' }, 'x', 'uses "y", which is declared after it; a let may use params'],
    ['an unknown name', { x: 'n + rows' }, 'x', '"n + rows", character 5: unknown name "rows"; known are BLOCK, n, m'],
    ['a division by zero', { x: 'n / (m - 3)' }, 'x', 'division by zero'],
    ['the name of a param', { BLOCK: 'n' }, 'BLOCK', 'is taken by the problem, the params or the lets'],
    ['the name of a shape variable', { n: '1' }, 'n', 'is taken by'],
    ['the name of a tensor', { out: '1' }, 'out', 'is taken by'],
    ['the name of a function', { min: '1' }, 'min', 'is a function of expressions'],
  ])('refuse %s, and say where', (_what, plan, name, message) => {
    const [field, said] = failure({ let: plan }) ?? [];
    expect(field).toBe(`let.${name}`);
    expect(said).toContain(message);
  });

  test('share their names with no scratch buffer', () => {
    expect(failure({ let: { a1: '1' }, scratch: { a1: '4' } })?.[0]).toBe('scratch.a1');
  });

  test('are arguments only within an int', () => {
    expect(failure({ let: { big: 'n * 1000000000' } }, { args: ['a', 'big'] })).toEqual([
      'launch[0].args[1]',
      '"big" is 1000000000000; an argument must be -2147483648 to 2147483647',
    ]);
  });

  test('do not change how a plan without them is resolved', () => {
    expect(resolve({}, { plan: { let: {} } })).toEqual(resolve({}));
  });
});

const conditional = (...launches: readonly object[]) =>
  resolvePlan(
    LaunchPlan.parse({
      params: { BLOCK: 256 },
      let: { wide: 'n / 8' },
      launch: launches.map((launch) => ({ ...base, ...launch })),
    }),
    { problem, language: 'cuda', shape: { n: 1000, m: 3 }, params: {} },
  );

describe('a launch with a condition', () => {
  test('is made where it holds of the shape, the params and the lets; what is left out need not resolve', () => {
    const result = conditional(
      { when: 'n % 16 == 0', kernel: 'even', grid: ['n / 0'] },
      { when: 'n % 16 != 0 and wide == 125', kernel: 'odd' },
      { kernel: 'always' },
    );
    expect(result.ok && result.plan.launches.map(({ kernel, index }) => [kernel, index])).toEqual([
      ['odd', 1],
      ['always', 2],
    ]);
  });

  test('may not leave nothing to launch', () => {
    expect(conditional({ when: 'n < 10' }, { when: 'm > 3' })).toEqual({
      ok: false,
      field: 'launch',
      message: 'no launch is left: the `when` of each of the 2 is false here',
    });
  });

  test('is refused with the field where it is no condition, or names what is not there', () => {
    expect(LaunchPlan.safeParse({ launch: [{ ...base, when: 'n' }] }).error?.issues[0]?.path).toEqual(['launch', 0, 'when']);
    expect(JSON.stringify(conditional({ when: 'k > 1' }))).toMatch(/launch\[0\]\.when.*unknown name ."k/u);
  });

  test('chooses grid and block by expressions too', () => {
    const result = resolve({ grid: ['if(n > 500, 7, 1)'], block: ['if(n % 16 == 0, BLOCK, 32)'] });
    expect(result).toMatchObject({ ok: true, plan: { launches: [{ grid: [7, 1, 1], block: [32, 1, 1] }] } });
  });
});

const constrained = (constraints: readonly string[], params: Params = {}) =>
  resolve({}, { params, plan: { params: { BLOCK: 256, VEC: 4, KIND: 'float4' }, constraints } });

describe('the constraints of a plan', () => {
  test('let pass what meets them', () => {
    expect(constrained(['BLOCK * VEC <= 1024', 'KIND == "float4"'])).toMatchObject({ ok: true });
  });

  test('refuse what does not, with the constraint and the params that it names', () => {
    expect(constrained(['VEC > 0', 'BLOCK * VEC <= 1024'], { VEC: 8 })).toEqual({
      ok: false,
      field: 'constraints[1]',
      message: '"BLOCK * VEC <= 1024" does not hold of BLOCK = 256, VEC = 8',
    });
    expect(JSON.stringify(constrained(['n > 3']))).toMatch(/constraints\[0\].*unknown name ."n/u);
  });
});
