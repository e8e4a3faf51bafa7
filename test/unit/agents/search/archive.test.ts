import { describe, expect, test } from 'vitest';
import { createArchive } from '../../../../src/agents/search/archive.ts';
import { entryOf, failedOf, idOf } from '../../../support/agents/entries.ts';

const archive = (islands = 1) => createArchive({ islands, seed: 7 });
const cases = (medianNs: number) => [{ case: '1M', medianNs }];
const numbers = (count: number, first = 1): readonly number[] => Array.from({ length: count }, (_, i) => first + i);

describe('the moves of a search', () => {
  test('begin with something new where there is nothing, and it needs no parent', () => {
    expect(archive().choose({ island: 0, number: 1 })).toMatchObject({ move: 'new', parents: [] });
  });

  test('improve the only one there is, and never cross it with itself', () => {
    const search = archive();
    search.add(entryOf(1));
    const moves = numbers(300).map((number) => search.choose({ island: 0, number }));
    expect(new Set(moves.map(({ move }) => move))).toEqual(new Set(['new', 'improve']));
    for (const { move, parents } of moves) expect(parents).toEqual(move === 'new' ? [] : [idOf(1)]);
  });

  test('are mostly improvements, some crossings, few from nothing; none from nothing for who cannot invent', () => {
    const search = archive();
    search.add(entryOf(1, { idea: 'one' }));
    search.add(entryOf(2, { idea: 'two' }));
    const count = (invents: boolean, move: string) =>
      numbers(1000).filter((number) => search.choose({ island: 0, number, invents }).move === move).length;
    expect(count(true, 'new')).toBeGreaterThan(60);
    expect(count(true, 'new')).toBeLessThan(140);
    expect(count(true, 'cross')).toBeGreaterThan(150);
    expect(count(true, 'cross')).toBeLessThan(250);
    expect(count(false, 'new')).toBe(0);
  });

  test('draw the faster more often, and the best less often once many children did not replace it', () => {
    const search = archive();
    for (const number of numbers(6)) search.add(entryOf(number, { idea: 'abcdef'.charAt(number - 1), speedup: number }));
    const drawn = (id: number) => numbers(2000).filter((number) => search.choose({ island: 0, number }).parents[0] === idOf(id));
    const [best, worst] = [drawn(6).length, drawn(1).length];
    expect(best).toBeGreaterThan(2 * worst);
    for (const number of numbers(100, 7)) search.add(failedOf(number, { parents: [idOf(6)], verdict: 'infra_failed' }));
    expect(drawn(6).length).toBeLessThan(best * 0.6);
    expect(drawn(6).length).toBeGreaterThan(0);
  });

  test('give each generation a seed of its own', () => {
    const seeds = numbers(500).map((number) => archive().choose({ island: 0, number }).seed);
    expect(new Set(seeds).size).toBe(500);
  });
});

describe('a failure', () => {
  test('comes back once, with the parent it came from, and a failed repair does not', () => {
    const search = archive();
    search.add(entryOf(1));
    search.add(failedOf(2, { move: 'improve', parents: [idOf(1)] }));
    const choices = numbers(100, 3).map((number) => search.choose({ island: 0, number }));
    const repairs = choices.filter(({ move }) => move === 'repair');
    expect(repairs).toEqual([expect.objectContaining({ parents: [idOf(2), idOf(1)] })]);
    search.add(failedOf(103, { move: 'repair', parents: [idOf(2), idOf(1)] }));
    expect(numbers(100, 104).map((number) => search.choose({ island: 0, number }).move)).not.toContain('repair');
    expect(search.lineage(idOf(103))).toEqual([idOf(1), idOf(2), idOf(103)]);
  });

  test('that was repaired before a restart is not repaired again after it', () => {
    const search = archive();
    search.add(failedOf(2));
    search.add(entryOf(3, { move: 'repair', parents: [idOf(2)] }));
    search.add(failedOf(2));
    expect(numbers(100, 4).map((number) => search.choose({ island: 0, number }).move)).not.toContain('repair');
  });

  test('whose repair was answered without a candidate is not repaired again, one that nobody answered is', () => {
    const search = archive();
    search.add(failedOf(1));
    const repair = () => numbers(100, 4).find((number) => search.choose({ island: 0, number }).move === 'repair');
    expect(repair()).toBeDefined();
    expect(repair()).toBeUndefined();
    search.giveBack({ move: 'repair', parents: [idOf(1)] });
    expect(repair()).toBeDefined();
    search.addFailed({ number: 2, move: 'repair', island: 0, parents: [idOf(1)] });
    search.giveBack({ move: 'repair', parents: [idOf(1)] });
    search.add(failedOf(1));
    expect(repair()).toBeUndefined();
  });

  test.each(['cancelled', 'infra_failed', 'implausible', null] as const)('of the kind %s is nobody to repair', (verdict) => {
    const search = archive();
    search.add(failedOf(2, { verdict }));
    expect(numbers(100, 3).map((number) => search.choose({ island: 0, number }).move)).not.toContain('repair');
  });

  test('keeps its source while it waits, and loses it when many newer ones wait', () => {
    const search = archive();
    search.add(failedOf(1));
    expect(search.content(idOf(1))?.source).toBe('int x = 1;');
    for (const number of numbers(8, 2)) search.add(failedOf(number));
    expect(search.content(idOf(1))).toBeNull();
  });
});

describe('elites', () => {
  test('are the fastest of each kind: bound, registers, language and idea', () => {
    const search = archive();
    search.add(entryOf(1, { speedup: 2, idea: 'Unroll by 4' }));
    search.add(entryOf(2, { speedup: 3, idea: 'unroll by 8!' }));
    search.add(entryOf(3, { speedup: 2.5, idea: 'by unroll' }));
    search.add(entryOf(4, { speedup: 1, idea: 'unroll by 8', bound: 'compute' }));
    search.add(entryOf(5, { speedup: 1.1, idea: 'unroll by 8', registers: 33 }));
    search.add(entryOf(6, { speedup: 1.2, idea: 'unroll by 8', registers: null }));
    search.add(entryOf(7, { speedup: 1.3, idea: 'unroll by 8', language: 'triton' }));
    expect(search.elites().map(({ number }) => number)).toEqual([2, 7, 6, 5, 4]);
    expect(search.best()?.number).toBe(2);
  });

  test('go to the cell of what was measured of them, where the faster one stays', () => {
    const search = archive();
    search.add(entryOf(1, { speedup: 2, idea: 'tile' }));
    search.setBound(idOf(1), 'compute');
    search.add(entryOf(2, { speedup: 1, idea: 'tile' }));
    expect(search.elites().map(({ number, bound }) => [number, bound])).toEqual([
      [1, 'compute'],
      [2, 'memory'],
    ]);
    search.setBound(idOf(2), 'compute');
    expect(search.elites().map(({ number }) => number)).toEqual([1]);
    search.setBound(idOf(9), 'compute');
  });

  test('with nothing to vary are for those who write themselves alone', () => {
    const search = archive(2);
    expect(search.canVary()).toBe(false);
    search.add(entryOf(1, { speedup: 9, isVariable: false }));
    expect(search.canVary()).toBe(false);
    expect(search.choose({ island: 0, number: 1, invents: false })).toMatchObject({ move: 'new', parents: [] });
    search.add(entryOf(2, { island: 1, idea: 'params' }));
    expect(search.canVary()).toBe(true);
    for (const number of numbers(50)) {
      expect(search.choose({ island: 0, number, invents: false }).parents).toEqual([idOf(2)]);
    }
    expect(numbers(50).map((number) => search.choose({ island: 0, number }).parents[0])).toContain(idOf(1));
  });

  test('of starting points stand on every island, those of children on their own', () => {
    const search = archive(3);
    search.add(entryOf(1, { move: 'seed', island: 0 }));
    for (const island of [0, 1, 2]) expect(search.choose({ island, number: 9, invents: false }).parents).toEqual([idOf(1)]);
    search.add(entryOf(2, { island: 1, speedup: 9, idea: 'other', parents: [idOf(1)] }));
    const parents = (island: number) =>
      numbers(400).filter((number) => search.choose({ island, number }).parents.includes(idOf(2))).length;
    expect(parents(1)).toBeGreaterThan(150);
    // Island 0 looks at island 1 now and then; island 2 looks at island 0.
    expect(parents(0)).toBeGreaterThan(0);
    expect(parents(0)).toBeLessThan(60);
    expect(parents(2)).toBe(0);
  });
});

describe('an entry whose verdict was taken back', () => {
  test('is nobody’s parent, and what it displaced is back once it is added again', () => {
    const search = archive(2);
    const slower = entryOf(1, { speedup: 2, move: 'seed' });
    search.add(slower);
    search.add(entryOf(2, { speedup: 9, move: 'seed' }));
    expect(search.elites().map(({ candidateId }) => candidateId)).toEqual([idOf(2)]);
    search.forget(idOf(2));
    expect(search.best()).toBeNull();
    search.add(slower);
    expect(search.elites().map(({ candidateId }) => candidateId)).toEqual([idOf(1)]);
    for (const number of numbers(50, 3)) expect(search.choose({ island: 0, number }).parents).not.toContain(idOf(2));
  });

  test('is no failure to repair, and its content is known all the same', () => {
    const search = archive();
    const failure = failedOf(1);
    search.add(failure);
    search.forget(idOf(1));
    expect(numbers(50, 2).map((number) => search.choose({ island: 0, number }).move)).not.toContain('repair');
    expect(search.novelty(failure).isNew).toBe(false);
    search.add(failure);
    expect(numbers(50, 60).map((number) => search.choose({ island: 0, number }).move)).toContain('repair');
  });

  test('is no try of its idea until it is judged again, and then it is one with what it came to last', () => {
    const search = archive();
    search.add(entryOf(1, { idea: 'base' }));
    search.add(entryOf(2, { idea: 'unroll', parents: [idOf(1)], speedup: 2, cases: cases(500) }));
    search.add(entryOf(3, { idea: 'unroll', parents: [idOf(1)], speedup: 9, cases: cases(100) }));
    search.add(entryOf(4, { idea: 'vectorize', parents: [idOf(1)], speedup: 9 }));
    const row = () => search.memory(9).find(({ idea }) => idea === 'unroll');
    expect(row()).toMatchObject({ tries: 2, passed: 2, bestRatio: 9, bestSpeedup: 9 });
    for (const id of [3, 4]) search.forget(idOf(id));
    expect(search.memory(9).map(({ idea }) => idea)).toEqual(['unroll', 'base']);
    expect(row()).toMatchObject({ tries: 1, passed: 1, bestRatio: 2, bestSpeedup: 2 });
    expect(search.result(idOf(3))).toBeNull();
    search.add(failedOf(3, { idea: 'unroll', parents: [idOf(1)] }));
    search.add(failedOf(3, { idea: 'unroll', parents: [idOf(1)] }));
    expect(row()).toMatchObject({ tries: 2, passed: 1, bestRatio: 2, failures: { compile_error: 1 } });
    expect(search.result(idOf(3))).toMatchObject({ speedup: null, failure: 'line 3: expected ;' });
  });

  test('stays among the ancestors of those who came from it', () => {
    const search = archive();
    search.add(entryOf(1));
    search.add(entryOf(2, { speedup: 9, parents: [idOf(1)] }));
    search.add(entryOf(3, { speedup: 3, idea: 'other', parents: [idOf(2)] }));
    search.forget(idOf(2));
    expect(search.lineage(idOf(3))).toEqual([idOf(1), idOf(2), idOf(3)]);
  });

  test('that was used up is so when it comes back', () => {
    const search = archive();
    search.add(entryOf(1));
    search.useUp(idOf(1));
    search.forget(idOf(1));
    search.add(entryOf(1));
    expect(search.canVary()).toBe(false);
  });
});

describe('a candidate that was stopped early', () => {
  test('stands behind all that were timed to the end, and displaces none of them', () => {
    const search = archive();
    search.add(entryOf(1, { idea: 'one', speedup: 1 }));
    search.add(entryOf(2, { idea: 'one', speedup: 2, stoppedEarly: true }));
    search.add(entryOf(3, { idea: 'two', speedup: 3, stoppedEarly: true }));
    expect(search.best()?.candidateId).toBe(idOf(1));
    expect(search.elites().map(({ candidateId }) => candidateId)).toEqual([idOf(1), idOf(3)]);
    search.add(entryOf(4, { idea: 'two', speedup: 0.5 }));
    expect(search.elites().map(({ candidateId }) => candidateId)).toEqual([idOf(1), idOf(4)]);
  });
});
