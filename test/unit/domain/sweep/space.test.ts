import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LaunchPlan } from '../../../../src/domain/plan/plan.ts';
import { countValid, createSpace } from '../../../../src/domain/sweep/space.ts';
import { spaceOfCandidate } from '../../../../src/domain/sweep/space-of-candidate.ts';

const PLAN = LaunchPlan.parse({
  params: { BLOCK: 128, VEC: 1, TYPE: 'float', WIDE: 0 },
  launch: [{ kernel: 'f', args: [] }],
  space: { BLOCK: [64, 128, 256], VEC: '1..4 powers' },
  where: ['BLOCK * VEC <= 512'],
});
const wish = { space: {}, where: [], params: {} };

describe('a space', () => {
  const axes = { A: [1, 2, 3], B: ['x', 'y'], C: [7, 8, 9, 10] };

  test('numbers its points, each once, the last axis fastest', () => {
    const space = createSpace({ axes, where: [], fixed: {} });
    expect(space.size).toBe(24);
    expect([0, 1, 4, 23].map((point) => space.paramsOf(point))).toEqual([
      { A: 1, B: 'x', C: 7 },
      { A: 1, B: 'x', C: 8 },
      { A: 1, B: 'y', C: 7 },
      { A: 3, B: 'y', C: 10 },
    ]);
    fc.assert(fc.property(fc.nat({ max: 23 }), (point) => space.pointAt(space.placesOf(point)) === point));
  });

  test('is as large as can be counted without being listed', () => {
    const wide = Array.from({ length: 1000 }, (_, index) => index);
    const space = createSpace({ axes: { A: wide, B: wide, C: wide, D: wide, E: wide }, where: [], fixed: {} });
    expect(space.size).toBe(1e15);
    expect(space.pointAt(space.placesOf(1e15 - 1))).toBe(1e15 - 1);
    expect(countValid(space, 1000)).toBeNull();
    expect(() => createSpace({ axes: { A: wide, B: wide, C: wide, D: wide, E: wide, F: wide }, where: [], fixed: {} })).toThrow(
      /more points than can be counted/,
    );
  });

  test('leaves out what conditions forbid, and where they have no value', () => {
    const space = createSpace({
      axes: { A: [0, 1, 2], B: [1, 2] },
      where: ['B / A >= 1', 'KIND == "wide"'],
      fixed: { KIND: 'wide' },
    });
    const valid = Array.from({ length: space.size }, (_, point) => point)
      .filter((point) => space.isValid(point))
      .map((point) => space.paramsOf(point));
    expect(valid).toEqual([
      { A: 1, B: 1 },
      { A: 1, B: 2 },
      { A: 2, B: 2 },
    ]);
    expect(countValid(space, 100)).toBe(3);
  });

  test('tells a condition with a wrong name at once', () => {
    expect(() => createSpace({ axes: { A: [1] }, where: ['A < BB'], fixed: {} })).toThrow(
      /where: "A < BB".*unknown name "BB"; known are A/,
    );
  });
});

describe('the space of a candidate', () => {
  test("is the plan's, but for what the candidate sets", () => {
    expect(spaceOfCandidate(PLAN, wish)).toEqual({
      axes: { BLOCK: [64, 128, 256], VEC: [1, 2, 4] },
      where: ['BLOCK * VEC <= 512'],
      fixed: { TYPE: 'float', WIDE: 0 },
    });
    expect(spaceOfCandidate(PLAN, { ...wish, params: { VEC: 2 } })).toMatchObject({
      axes: { BLOCK: [64, 128, 256] },
      fixed: { VEC: 2 },
    });
  });

  test('is what was asked for, under the conditions of both', () => {
    expect(spaceOfCandidate(PLAN, { ...wish, space: { WIDE: ['true', false] }, where: ['VEC > 0'] })).toEqual({
      axes: { WIDE: [1, 0] },
      where: ['BLOCK * VEC <= 512', 'VEC > 0'],
      fixed: { BLOCK: 128, VEC: 1, TYPE: 'float' },
    });
  });

  test('meets the constraints of the plan too, whatever was asked for', () => {
    const plan = { ...PLAN, constraints: ['BLOCK % 32 == 0'] };
    expect(spaceOfCandidate(plan, { ...wish, space: { WIDE: [0, 1] }, where: ['VEC > 0'] }).where).toEqual([
      'BLOCK % 32 == 0',
      'BLOCK * VEC <= 512',
      'VEC > 0',
    ]);
  });

  test.each([
    [{ WIDHT: [1] }, /space\.WIDHT: the header declares no param "WIDHT"; declared are BLOCK, VEC/],
    [{ TYPE: [1, 2] }, /TYPE is float by default, so "1" cannot stand for it: use C identifiers/],
    [{ VEC: [2, 4, 2] }, /space\.VEC: 2 is there twice/],
  ])('refuses %j', (space, message) => {
    expect(() => spaceOfCandidate(PLAN, { ...wish, space })).toThrow(message);
  });

  test('refuses to vary what the candidate sets', () => {
    expect(() => spaceOfCandidate(PLAN, { ...wish, space: { VEC: [1, 2] }, params: { VEC: 4 } })).toThrow(
      /space\.VEC: the candidate sets VEC to 4/,
    );
  });

  test('of a plan without any says how to name one', () => {
    expect(() => spaceOfCandidate({ ...PLAN, space: undefined }, wish)).toThrow(/no param is varied.*--space BLOCK=128,256/);
  });
});
