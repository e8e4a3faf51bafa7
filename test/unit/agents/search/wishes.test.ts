/** What is drawn where a kind of move is wished for, and which failures are worth a repair. */
import { describe, expect, test } from 'vitest';
import { createArchive } from '../../../../src/agents/search/archive.ts';
import { entryOf, failedOf, idOf } from '../../../support/agents/entries.ts';

const DRAWS = 40;
const numbers = Array.from({ length: DRAWS }, (_, index) => 100 + index);

describe('a wished move', () => {
  test('is made of what there is: the best of all islands to refine, and something new where there is nothing', () => {
    const archive = createArchive({ islands: 2, seed: 1 });
    expect(archive.choose({ island: 0, number: 1, wish: 'refine' })).toMatchObject({ move: 'new', parents: [] });
    archive.add(entryOf(1, { island: 0, speedup: 2, idea: 'a' }));
    archive.add(entryOf(2, { island: 1, speedup: 3, idea: 'b' }));
    const parents = numbers.map((number) => archive.choose({ island: 0, number, wish: 'refine' }).parents[0]);
    expect(new Set(parents)).toEqual(new Set([idOf(2)]));
    expect(archive.choose({ island: 0, number: 9, wish: 'new' })).toMatchObject({ move: 'new', parents: [] });
    expect(archive.choose({ island: 0, number: 9, wish: 'repair' }).move).toBe('improve');
  });

  test('never crosses a candidate with one that it came from', () => {
    const archive = createArchive({ islands: 1, seed: 1 });
    archive.add(entryOf(1, { speedup: 2, idea: 'a', move: 'seed' }));
    archive.add(entryOf(2, { speedup: 3, idea: 'b', parents: [idOf(1)], move: 'improve' }));
    const moves = (): Set<string> => new Set(numbers.map((number) => archive.choose({ island: 0, number, wish: 'cross' }).move));
    expect(moves()).toEqual(new Set(['improve']));
    archive.add(entryOf(3, { speedup: 2.5, idea: 'c', parents: [idOf(1)], move: 'improve' }));
    const crossed = numbers
      .map((number) => archive.choose({ island: 0, number, wish: 'cross' }))
      .filter(({ move }) => move === 'cross');
    expect(crossed.length).toBeGreaterThan(5);
    expect(crossed.every(({ parents }) => !parents.includes(idOf(1)))).toBe(true);
  });
});

describe('a failure', () => {
  const parents = [idOf(1)];
  test('is not repaired where its idea passed on the same parent, before or after it', () => {
    const archive = createArchive({ islands: 1, seed: 1 });
    archive.add(entryOf(1, { move: 'seed' }));
    archive.add(failedOf(2, { idea: 'tiling by 4', parents, move: 'improve' }));
    expect(archive.canRepair(0)).toBe(true);
    archive.add(entryOf(3, { idea: 'tiling by 8', parents, move: 'improve' }));
    expect(archive.canRepair(0)).toBe(false);
    archive.add(failedOf(4, { idea: 'Tiling by 16', parents, move: 'improve' }));
    expect(archive.canRepair(0)).toBe(false);
    archive.add(failedOf(5, { idea: 'tiling', parents: [idOf(3)], move: 'improve' }));
    expect(archive.canRepair(0)).toBe(true);
  });

  test('stands among what was applied to its parent, beside what that gained', () => {
    const archive = createArchive({ islands: 1, seed: 1 });
    archive.add(entryOf(1, { move: 'seed', speedup: 2 }));
    archive.add(failedOf(2, { idea: 'fusing', parents, move: 'improve' }));
    archive.add(entryOf(3, { idea: 'tiling', parents, move: 'refine', speedup: 3 }));
    archive.add(entryOf(4, { idea: 'tiling', parents, move: 'tune', speedup: 9 }));
    expect(archive.triedOn(idOf(1), 8)).toEqual([
      { idea: 'fusing', verdict: 'compile_error', ratio: null },
      { idea: 'tiling', verdict: 'passed', ratio: 1.5 },
    ]);
    expect(archive.triedOn(idOf(1), 1)).toHaveLength(1);
  });
});
