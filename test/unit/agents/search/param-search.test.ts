import { describe, expect, test } from 'vitest';
import { createParamSearch, type ParamSearch } from '../../../../src/agents/search/param-search.ts';
import type { Params } from '../../../../src/domain/plan/plan.ts';
import { entryOf, failedOf, idOf } from '../../../support/agents/entries.ts';

const VALUES = [1, 2, 4, 8, 16];
const source = (name: string, where = ''): string => `/* kiln
params: {TILE: 1, UNROLL: 1, OTHER: 7}
space: {TILE: [${VALUES.join(', ')}], UNROLL: [${VALUES.join(', ')}]}
${where}launch:
  - {kernel: add, args: [a]}
*/
void add(void) { /* ${name} */ }
`;
/** Best at TILE 8, UNROLL 4. */
const levelOf = ({ TILE, UNROLL }: Params): number =>
  2 ** -(Math.abs(Math.log2(Number(TILE) / 8)) + Math.abs(Math.log2(Number(UNROLL) / 4)));

const searchOf = (isValid: (params: Params) => boolean = () => true): ParamSearch =>
  createParamSearch({ seed: 1, isValid: ({ params }) => isValid(params) });

interface Tried {
  readonly source: string;
  readonly params: Params;
}

/** Tries what the search wants, each with its verdict before the next, until nothing is worth it. */
const runOut = (
  search: ParamSearch,
  { first, level = () => 1 }: { readonly first: number; readonly level?: (source: string) => number },
): Tried[] => {
  const tried: Tried[] = [];
  for (let trial = search.take(); trial !== null && tried.length < 100; trial = search.take()) {
    const { source: text, params } = trial;
    tried.push({ source: text, params });
    search.add(entryOf(first + tried.length, { source: text, params, speedup: level(text) * levelOf(params) }));
  }
  return tried;
};

describe('params of a candidate near the best', () => {
  test('are tried until no point is likely to gain, the best among them, not the whole space', () => {
    const search = searchOf();
    search.add(entryOf(1, { source: source('a'), speedup: levelOf({ TILE: 1, UNROLL: 1 }) }));
    const tried = runOut(search, { first: 1 });
    expect(tried.map(({ params }) => `${params['TILE']} ${params['UNROLL']}`)).toContain('8 4');
    expect(tried.length).toBeLessThan(20);
    expect(tried.every(({ params }) => params['OTHER'] === 7)).toBe(true);
    expect(search.isWaiting()).toBe(false);
  });

  test('are known from other sources with the same space: what is best there comes first, and little else', () => {
    const search = searchOf();
    const [a, b] = [source('a'), source('b')];
    search.add(entryOf(1, { source: a, speedup: levelOf({ TILE: 1, UNROLL: 1 }) }));
    runOut(search, { first: 1 });
    search.add(entryOf(200, { source: b, params: { TILE: 8, UNROLL: 2 }, speedup: 3 * levelOf({ TILE: 8, UNROLL: 2 }) }));
    const tried = runOut(search, { first: 200, level: (text) => (text === b ? 3 : 1) });
    expect(tried[0]).toEqual({ source: b, params: { TILE: 8, UNROLL: 4, OTHER: 7 } });
    expect(tried.length).toBeLessThan(5);
  });

  test('are not tried where the candidate is far behind, was stopped early, or its plan names nothing to try', () => {
    const search = searchOf();
    search.add(entryOf(1, { source: 'int x;', speedup: 4 }));
    search.add(entryOf(2, { source: source('slow'), speedup: 1, stoppedEarly: true }));
    expect(search.isWaiting()).toBe(false);
    search.add(entryOf(3, { source: source('fast', 'where: [TILE == 1]\n'), speedup: 2 }));
    search.add(entryOf(4, { source: source('slow'), speedup: 1 }));
    const names = new Set(runOut(search, { first: 10, level: () => 2 }).map((one) => one.source));
    expect([...names].every((text) => text.includes('fast'))).toBe(true);
    expect(names.size).toBe(1);
  });

  test('are never points that the plan forbids or that do not resolve, nor the same twice', () => {
    const search = searchOf(({ TILE }) => TILE !== 16);
    const text = source('a', 'where: [TILE * UNROLL <= 16]\n');
    search.add(entryOf(1, { source: text, speedup: levelOf({ TILE: 1, UNROLL: 1 }) }));
    const keys = runOut(search, { first: 1 }).map(({ params }) => [params['TILE'], params['UNROLL']].map(Number));
    expect(keys.length).toBeGreaterThan(3);
    expect(keys.every(([tile = 0, unroll = 0]) => tile !== 16 && tile * unroll <= 16)).toBe(true);
    expect(new Set(keys.map(String)).size).toBe(keys.length);
  });

  test('are gone on with where most of what was tried failed, or was stopped early', () => {
    for (const becomes of ['failed', 'stopped'] as const) {
      const search = searchOf();
      search.add(entryOf(1, { source: source('a'), speedup: levelOf({ TILE: 1, UNROLL: 1 }) }));
      const tried = new Set<string>();
      for (let trial = search.take(), number = 2; trial !== null && number < 60; trial = search.take(), number += 1) {
        const { source: text, params } = trial;
        tried.add(`${params['TILE']} ${params['UNROLL']}`);
        const level = levelOf(params);
        const passed = entryOf(number, { source: text, params, speedup: level, stoppedEarly: level < 0.5 });
        search.add(becomes === 'failed' && level < 0.25 ? failedOf(number, { source: text, params }) : passed);
      }
      expect([...tried], becomes).toContain('8 4');
    }
  });

  test('of which nothing is expected are tried only where that is allowed, one each time', () => {
    const search = searchOf();
    search.add(entryOf(1, { source: source('a'), speedup: levelOf({ TILE: 1, UNROLL: 1 }) }));
    const tried = runOut(search, { first: 1 }).length;
    expect(search.take()).toBeNull();
    search.allow();
    expect(search.isWaiting()).toBe(true);
    expect(runOut(search, { first: 100 })).toHaveLength(1);
    for (let more = 0; more < VALUES.length ** 2; more += 1) search.allow();
    expect(runOut(search, { first: 200 })).toHaveLength(VALUES.length ** 2 - tried - 2);
  });

  test('that fail are avoided, as are their neighbours', () => {
    const search = searchOf();
    search.add(entryOf(1, { source: source('a'), speedup: levelOf({ TILE: 1, UNROLL: 1 }) }));
    const tiles: number[] = [];
    for (let trial = search.take(), number = 2; trial !== null && number < 60; trial = search.take(), number += 1) {
      const { source: text, params } = trial;
      tiles.push(Number(params['TILE']));
      const isFailing = Number(params['TILE']) > 4;
      search.add(
        isFailing
          ? failedOf(number, { source: text, params })
          : entryOf(number, { source: text, params, speedup: levelOf(params) }),
      );
    }
    expect(tiles.filter((tile) => tile > 4).length).toBeLessThan(tiles.filter((tile) => tile <= 4).length);
  });

  test('follow from what was added alone: the same after a restart, and a verdict that was taken back is forgotten', () => {
    const entries = [1, 2, 4, 8].map((tile, index) => {
      const params = { TILE: tile, UNROLL: 1 };
      return entryOf(index + 1, { source: source('a'), params, speedup: levelOf(params) });
    });
    const [one, other, without] = [searchOf(), searchOf(), searchOf()];
    for (const entry of entries) for (const search of [one, other, without]) search.add(entry);
    expect(one.take()).toEqual(other.take());
    for (const { candidateId } of entries) without.forget(candidateId);
    without.add(entryOf(9, { source: source('b'), speedup: 5 }));
    expect(without.take()).toMatchObject({ of: idOf(9), source: source('b') });
  });
});
