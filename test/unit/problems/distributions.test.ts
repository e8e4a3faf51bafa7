import { describe, expect, test } from 'vitest';
import { Problem } from '../../../src/domain/problem.ts';
import { definitionText } from '../../../src/domain/text/problem-definition.ts';
import { issueText } from '../../../src/platform/issue-text.ts';
import { resolveDistributions, resolveTensors } from '../../../src/problems/shapes.ts';

const problem = (x: object, dtype = 'f32') =>
  Problem.safeParse({
    name: 'p',
    title: 'p',
    variables: ['n'],
    tensors: { x: { dtype, shape: ['n'], role: 'in', distribution: x }, y: { dtype: 'f32', shape: ['n'], role: 'out' } },
    tolerance: { rtol: 0, atol: 0, relative_l2: 1 },
    check: [{ name: 'c', shape: { n: 1 } }],
    bench: {},
    floor: { read_bytes: '4', write_bytes: '4', flops: '1', unit: 'f32' },
  });
const parsed = (x: object, dtype?: string): Problem => {
  const result = problem(x, dtype);
  if (!result.success) throw result.error;
  return result.data;
};
const shaped = (distribution: object, shape: readonly (number | string)[]): Problem => {
  const plain = parsed(distribution, 'i32');
  const [x, y] = [plain.tensors['x'], plain.tensors['y']];
  return x && y ? { ...plain, tensors: { x: { ...x, shape: [...shape] }, y } } : plain;
};
const drawn =
  (distribution: object, dtype: string, n = 300) =>
  () =>
    resolveTensors(parsed(distribution, dtype), { n });
const parts = (...shares: readonly number[]) => ({
  kind: 'mixture',
  of: shares.map((share) => ({ kind: 'zeros', share })),
});

const refused = (name: string) => () => resolveTensors(parsed({ kind: 'normal' }), { n: 3 }, { [name]: { kind: 'zeros' } });

const complaint = (distribution: object): string | undefined => problem(distribution, 'i32').error?.issues.map(issueText)[0];

const told = (distribution: object): string => {
  const { tensors } = shaped(distribution, ['n']);
  return definitionText({ ...parsed({ kind: 'normal' }), tensors }, []);
};

const integers = (low: number | string, high: number | string, dtype = 'i32') =>
  resolveTensors(parsed({ kind: 'integers', low, high }, dtype), { n: 7 })[0]?.distribution;

describe('distributions of inputs', () => {
  test('of a mixture sum to 1, and there are two to eight', () => {
    expect(problem(parts(0.5, 0.5)).success).toBe(true);
    expect(problem(parts(0.5, 0.4)).success).toBe(false);
    expect(problem(parts(1)).success).toBe(false);
    expect(problem(parts(...Array.from({ length: 9 }, () => 1 / 9))).success).toBe(false);
    expect(problem({ kind: 'mixture', of: [parts(0.5, 0.5), parts(0.5, 0.5)] }).success).toBe(false);
  });

  test('of one case replace those of the tensors they name', () => {
    const [x] = resolveTensors(parsed({ kind: 'normal' }), { n: 3 }, { x: { kind: 'zeros' } });
    expect(x?.distribution).toEqual({ kind: 'zeros' });
    expect(resolveTensors(parsed({ kind: 'bits' }), { n: 3 })[0]?.distribution).toEqual({ kind: 'bits' });
  });

  test('of integers may be bounded by the shape, in a mixture and in a case of its own too', () => {
    expect(integers(0, 'n - 1')).toEqual({ kind: 'integers', low: 0, high: 6 });
    const of = [
      { share: 0.5, kind: 'integers', low: 'n / 2', high: 'n' },
      { share: 0.5, kind: 'zeros' },
    ];
    expect(resolveTensors(parsed({ kind: 'mixture', of }), { n: 7 })[0]?.distribution).toMatchObject({
      of: [{ low: 3, high: 7 }, { kind: 'zeros' }],
    });
    const own = resolveDistributions(
      parsed({ kind: 'normal' }, 'i32'),
      { n: 9 },
      { x: { kind: 'integers', low: 0, high: 'n - 1' } },
    );
    expect(own).toEqual({ x: { kind: 'integers', low: 0, high: 8 } });
  });

  test('of integers are refused where there is none, where the type does not hold them, and where a name is unknown', () => {
    expect(() => integers('n', 'n - 1')).toThrow('there is no integer from n (7) to n - 1 (6)');
    expect(() => integers(0, '50 * n', 'u8')).toThrow('a value of u8 must be 0 to 255');
    expect(() => integers(-1, 'n', 'u32')).toThrow('a value of u32 must be 0 to 4294967295');
    expect(() => integers(0, 'vocab - 1')).toThrow('vocab');
  });

  test('of structures take their length from the last axis, and their bounds from the shape', () => {
    const of = (distribution: object, shape: readonly (number | string)[]) =>
      resolveTensors(shaped(distribution, shape), { n: 7 })[0]?.distribution;
    expect(of({ kind: 'permutation' }, [3, 'n'])).toEqual({ kind: 'permutation', length: 7 });
    expect(of({ kind: 'offsets', total: '4 * n' }, ['n + 1'])).toEqual({ kind: 'offsets', length: 8, total: 28 });
    expect(of({ kind: 'offsets', total: 'n', lengths_seed: 5 }, ['n + 1'])).toEqual({
      kind: 'offsets',
      length: 8,
      total: 7,
      lengths_seed: 5,
    });
    expect(of({ kind: 'integers', low: 0, high: 'n', sorted: true }, ['n', 5])).toEqual({
      kind: 'sorted_integers',
      length: 5,
      low: 0,
      high: 7,
    });
    expect(of({ kind: 'integers', low: 0, high: 'n', sorted: false }, ['n'])).toEqual({ kind: 'integers', low: 0, high: 7 });
    expect(of({ kind: 'bernoulli', share: 0.3 }, ['n'])).toEqual({ kind: 'bernoulli', share: 0.3 });
    const hard = resolveDistributions(
      shaped({ kind: 'permutation' }, [2, 'n']),
      { n: 9 },
      { x: { kind: 'offsets', total: 'n' } },
    );
    expect(hard).toEqual({ x: { kind: 'offsets', length: 9, total: 9 } });
  });

  test('of structures are refused where the type or the shape cannot have them', () => {
    expect(drawn({ kind: 'permutation' }, 'u8')).toThrow('u8 does not hold the index 299');
    expect(drawn({ kind: 'permutation' }, 'f32')).toThrow('permutation takes an integer type, not f32');
    expect(drawn({ kind: 'offsets', total: 'n' }, 'i8')).toThrow('a value of i8 must be 0 to 127');
    expect(drawn({ kind: 'offsets', total: -1 }, 'i32')).toThrow('a value of i32 must be 0 to 2147483647');
    expect(drawn({ kind: 'offsets', total: 0 }, 'i32', 1)).toThrow('offsets of n segments are n + 1 elements');
    expect(drawn({ kind: 'integers', low: 0, high: 1, sorted: true }, 'f4e2m1x2')).toThrow(
      'sorted integers cannot be drawn for f4e2m1x2',
    );
    expect(drawn({ kind: 'bernoulli', share: 0.5 }, 'f4e2m1x2')).toThrow('bernoulli cannot be drawn for f4e2m1x2');
    for (const share of [0, 1, 1.5]) expect(problem({ kind: 'bernoulli', share }).success).toBe(false);
    expect(
      problem({
        kind: 'mixture',
        of: [
          { kind: 'permutation', share: 0.5 },
          { kind: 'zeros', share: 0.5 },
        ],
      }).success,
    ).toBe(false);
    expect(problem({ kind: 'offsets' }).success).toBe(false);
  });

  test('of lengths that stay are refused where their seed is none, and where nothing has lengths', () => {
    const rule = 'lengths_seed is a whole number from 0 to 4294967295';
    for (const seed of [-1, 0.5, 2 ** 32, 'n', null])
      expect(complaint({ kind: 'offsets', total: 'n', lengths_seed: seed })).toBe(rule);
    expect(complaint({ kind: 'integers', low: 0, high: 9, lengths_seed: 1 })).toBe('unknown field "lengths_seed"');
    expect(drawn({ kind: 'offsets', total: 0, lengths_seed: 1 }, 'i32', 1)).toThrow('offsets of n segments are n + 1 elements');
    expect(drawn({ kind: 'offsets', total: 'n', lengths_seed: 1 }, 'f32')).toThrow('offsets takes an integer type, not f32');
  });

  test('are told to writers as they are declared', () => {
    expect(told({ kind: 'integers', low: 0, high: 'n - 1', sorted: true })).toContain(
      'tensor x: i32[n], in, sorted integers low 0 high n - 1',
    );
    expect(told({ kind: 'offsets', total: 'n', lengths_seed: 3 })).toContain(
      'offsets total n lengths_seed 3: the same lengths in every draw, in another order',
    );
  });

  test('are refused for what is not drawn', () => {
    expect(refused('y')).toThrow('"y" is no tensor of the problem that is drawn');
    expect(refused('z')).toThrow('"z" is no tensor of the problem that is drawn');
    expect(refused('toString')).toThrow('"toString" is no tensor of the problem that is drawn');
  });

  test('are those of the tensor, also where it is called what every object has', () => {
    const { tensors, ...rest } = parsed({ kind: 'normal' });
    const named = { ...rest, tensors: { constructor: tensors['x'] ?? tensors['y'], y: tensors['y'] } } as Problem;
    expect(resolveTensors(named, { n: 3 })[0]).toMatchObject({ name: 'constructor', distribution: { kind: 'normal' } });
    expect(resolveDistributions(named, { n: 3 }, {})).toEqual({});
  });

  test('are refused where the type has no such numbers', () => {
    expect(() => resolveTensors(parsed({ kind: 'subnormal' }, 'i32'), { n: 3 })).toThrow('i32 has no subnormal numbers');
  });
});
