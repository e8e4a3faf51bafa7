import { describe, expect, test } from 'vitest';
import { SubmitCandidate } from '../../../../src/domain/api/candidates.ts';
import { gridOf, refuseUnknownParams, sweepPoints } from '../../../../src/engine/answers/sweep-points.ts';

describe('sweep points', () => {
  test('a grid is the full product, last axis fastest', () => {
    expect(sweepPoints({ grid: { A: [1, 2], B: ['x', 'y'] } })).toEqual([
      { A: 1, B: 'x' },
      { A: 1, B: 'y' },
      { A: 2, B: 'x' },
      { A: 2, B: 'y' },
    ]);
  });

  test('random points are different from each other, belong to the grid, and are the same for the same seed', () => {
    const grid = { A: Array.from({ length: 30 }, (_, i) => i), B: Array.from({ length: 40 }, (_, i) => i) };
    const points = sweepPoints({ grid, random: { count: 500, seed: 7 } });
    expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(500);
    expect(points).toEqual(sweepPoints({ grid, random: { count: 500, seed: 7 } }));
    expect(points).not.toEqual(sweepPoints({ grid, random: { count: 500, seed: 8 } }));
  });

  test('a random count above the grid gives every point once', () => {
    expect(
      sweepPoints({ grid: { A: [1, 2, 3] }, random: { count: 10, seed: 1 } })
        .map(({ A }) => Number(A))
        .toSorted((a, b) => a - b),
    ).toEqual([1, 2, 3]);
  });

  test('a grid beyond the limit is refused with what to do; a random draw from it is not', () => {
    const grid = Object.fromEntries(['A', 'B', 'C', 'D', 'E'].map((name) => [name, [1, 2, 3, 4, 5, 6, 7]]));
    expect(() => sweepPoints({ grid })).toThrow(/16807 points; the limit is 10000.*random/);
    expect(sweepPoints({ grid, random: { count: 5, seed: 1 } })).toHaveLength(5);
  });

  test('a param that the header does not declare is refused once, not for every point', () => {
    const source = '/* kiln\nparams: {WIDTH: 4}\nlaunch: [{kernel: k, args: []}]\n*/';
    const candidate = SubmitCandidate.parse({ problem: 'scale', source, language: 'c' });
    expect(() => refuseUnknownParams({ candidate, grid: { WIDTH: [4], WIDHT: [4, 8] } })).toThrow(
      /grid\.WIDHT: the header declares no param "WIDHT"; declared are WIDTH/,
    );
    expect(() => refuseUnknownParams({ candidate, grid: { WIDTH: [4, 8] } })).not.toThrow();
  });

  test("without a grid of its own it is the plan's space, but for what is set", () => {
    const source = '/* kiln\nparams: {A: 1, B: 2}\nspace: {A: [1, 2], B: [2, 4, 8]}\nlaunch: [{kernel: k, args: []}]\n*/';
    const candidate = SubmitCandidate.parse({ problem: 'scale', source, language: 'c' });
    expect(gridOf({ candidate, grid: {} })).toEqual({ A: [1, 2], B: [2, 4, 8] });
    expect(gridOf({ candidate: { ...candidate, params: { A: 2 } }, grid: {} })).toEqual({ B: [2, 4, 8] });
    expect(gridOf({ candidate, grid: { A: [7] } })).toEqual({ A: [7] });
    expect(gridOf({ candidate: { ...candidate, source: 'no plan' }, grid: {} })).toEqual({});
  });

  test('an empty grid is refused with an example', () => {
    expect(() => sweepPoints({ grid: {} })).toThrow(/the grid is empty and the plan declares no "space".*--grid BLOCK=128,256/);
  });
});
