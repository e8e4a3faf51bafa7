import { describe, expect, test } from 'vitest';
import { pooled, type RawDraws, underivable } from '../../../src/importers/programs/raw-draws.ts';
import { keptCases } from '../../../src/importers/programs/kept-cases.ts';

type Drawn = RawDraws['draws'][number];

const normal = { kind: 'normal', mean: 0, std: 1 };
const drawn = (shape: number[], changes: Partial<Drawn> = {}): Drawn => ({
  dtype: 'f32',
  known: true,
  shape,
  draw: normal,
  times: 1,
  ...changes,
});
const raw = (draws: Drawn[], changes: Partial<RawDraws> = {}): RawDraws => ({ draws, operations: 1, read: null, ...changes });

const kept = (changes: object, draws: Drawn[] = [drawn([8])]) => {
  const tensor = {
    dtype: 'f32',
    known: true,
    shape: [8],
    contiguous: true,
    draw: { kind: 'unplain', reason: 'tril (reference.py:3)' },
    ...changes,
  };
  const found = {
    data: { tensor: 0 },
    tensors: [tensor],
    raw: raw(draws),
    places: [[]],
    outputs: [],
    changed: [],
    complaint: '',
  };
  return keptCases({ cases: [found], names: [] }, [{ kind: 'bench', args: {} }]);
};

describe('what a file draws', () => {
  test('is one raw tensor of each type and kind, from which each draw takes a part of its own', () => {
    const uniform = { kind: 'uniform', low: 0, high: 1 };
    const { pools, order } = pooled(
      raw([drawn([4, 2], { times: 3 }), drawn([5], { draw: uniform }), drawn([]), drawn([2], { dtype: 'f16' })]),
    );
    expect(pools.map(({ dtype, draw, elements }) => [dtype, draw.kind, elements])).toEqual([
      ['f32', 'normal', 25],
      ['f32', 'uniform', 5],
      ['f16', 'normal', 2],
    ]);
    expect(order).toEqual([
      [0, 3],
      [1, 1],
      [0, 1],
      [2, 1],
    ]);
  });

  test('is one for each permutation, which is none in parts', () => {
    const order = drawn([8], { dtype: 'i64', draw: { kind: 'permutation' } });
    expect(pooled(raw([order, order])).pools).toHaveLength(2);
  });

  test.each<[string, RawDraws, string | null]>([
    ['all of it is drawn', raw([drawn([4])]), null],
    [
      'a value is read',
      raw([drawn([4])], { read: 'a value that is read (reference.py:6)' }),
      'reference.py:6), which is another for every draw',
    ],
    [
      'a distribution is none of ours',
      raw([drawn([4], { draw: { kind: 'unplain', reason: 'cauchy (reference.py:3)' } })]),
      'cauchy',
    ],
    ['a type is none of ours', raw([drawn([4], { dtype: 'bool', known: false })]), 'it draws bool'],
    ['nothing is drawn', raw([]), 'nothing of it is drawn'],
    ['a recording would be too long', raw([drawn([4])], { operations: 1416 }), 'it takes 1416 operations'],
  ])('says why inputs cannot be derived: %s', (_name, found, words) => {
    const reason = underivable(found);
    expect(words === null ? reason : reason?.includes(words)).toBe(words === null ? null : true);
  });
});

describe('cases whose inputs are computed', () => {
  test('are kept where they can be derived, and those that can be drawn are drawn', () => {
    expect(kept({}).isDerived).toBe(true);
    expect(kept({ draw: normal }).isDerived).toBe(false);
  });

  test('say the one reason where the file is refused, whatever words it is refused with', () => {
    const refused = 'it says of itself that `x` is not drawn plainly';
    expect(() => keptCases({ cases: [{ refused }], names: [] }, [{ kind: 'bench', args: {} }])).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('cannot be derived') as string }),
    );
  });

  test('say both reasons where they can be neither', () => {
    expect(() => kept({}, [])).toThrow(
      '`data` is not drawn plainly: tril (reference.py:3); and it cannot be derived: nothing of it is drawn',
    );
    expect(() => kept({ dtype: 'i64' })).toThrow('nobody says within which bounds `data` is, which kernels may index with');
    expect(() => kept({}, [drawn([2 ** 32])])).toThrow('its draws and inputs are 16.00 GiB together; a case has at most 8');
    expect(() => kept({ contiguous: false })).toThrow('and it cannot be derived: `data` is not contiguous');
  });
});
