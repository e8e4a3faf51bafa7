import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Archive, createArchive } from '../../../../src/agents/search/archive.ts';
import type { ArchiveEntry } from '../../../../src/agents/search/entry.ts';
import { ELITES_MAX } from '../../../../src/agents/search/elites.ts';
import { REPAIRS_MAX } from '../../../../src/agents/search/repairs.ts';
import { entryOf, idOf } from '../../../support/agents/entries.ts';

const ISLANDS = 3;
const AHEAD = 40;
const step = fc.record({
  island: fc.nat(ISLANDS - 1),
  /** Asks the archive for move and parents; otherwise the child comes from nowhere. */
  asks: fc.boolean(),
  isSeed: fc.boolean(),
  verdict: fc.constantFrom('passed', 'passed', 'compile_error', 'wrong_answer', 'cancelled', null),
  speedup: fc.double({ min: 0.01, max: 100, noNaN: true }),
  idea: fc.constantFrom('', 'tiles', 'vectors', 'unroll', 'staging', 'warps', 'shared', 'pairs', 'async'),
  registers: fc.constantFrom(16, 40, 100, 200, null),
  bound: fc.constantFrom('memory', 'compute', 'unknown'),
});
const steps = fc.array(step, { maxLength: 150 });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const entryFor = (archive: Archive, number: number, { asks, isSeed, verdict, speedup, ...rest }: Step): ArchiveEntry => {
  const choice = asks ? archive.choose({ island: rest.island, number }) : { move: 'new' as const, parents: [] };
  const passed = verdict === 'passed';
  const made = { verdict, speedup: passed ? speedup : null, failure: passed ? null : 'why' };
  return entryOf(number, { ...rest, ...made, move: isSeed && !asks ? 'seed' : choice.move, parents: choice.parents });
};

const run = (list: readonly Step[]): { readonly archive: Archive; readonly entries: readonly ArchiveEntry[] } => {
  const archive = createArchive({ islands: ISLANDS, seed: 3 });
  const entries = list.map((item, i) => {
    const entry = entryFor(archive, i + 1, item);
    archive.add(entry);
    return entry;
  });
  return { archive, entries };
};

const ahead = (archive: Archive, from: number) =>
  Array.from({ length: AHEAD }, (_, i) => archive.choose({ island: i % ISLANDS, number: from + i }));

const replayed = (entries: readonly ArchiveEntry[], times = 1): Archive => {
  const archive = createArchive({ islands: ISLANDS, seed: 3 });
  for (let time = 0; time < times; time++) for (const entry of entries) archive.add(entry);
  return archive;
};

test('an archive rebuilt from its entries chooses as the first one does, entries added twice changing nothing', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const { archive, entries } = run(list);
      const choices = ahead(archive, list.length + 1);
      expect(ahead(replayed(entries), list.length + 1)).toEqual(choices);
      expect(ahead(replayed(entries, 2), list.length + 1)).toEqual(choices);
    }),
  );
});

test('the best is never lost, only what passed is an elite, and no more are held than allowed', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const { archive, entries } = run(list);
      const passed = entries.filter(({ verdict }) => verdict === 'passed');
      expect(archive.best()?.speedup ?? null).toBe(passed.length === 0 ? null : Math.max(...passed.map((e) => e.speedup ?? 0)));
      for (const elite of archive.elites()) expect(elite.verdict).toBe('passed');
      expect(archive.elites().length).toBeLessThanOrEqual(ISLANDS * ELITES_MAX);
      const held = entries.filter((entry) => archive.content(entry.candidateId) !== null);
      expect(held.length).toBeLessThanOrEqual(ISLANDS * (ELITES_MAX + REPAIRS_MAX));
    }),
  );
});

test('a failure is chosen for repair at most once, and every parent named has its source at hand', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const archive = createArchive({ islands: ISLANDS, seed: 3 });
      const repaired: string[] = [];
      list.forEach((item, i) => {
        const choice = archive.choose({ island: item.island, number: i + 1 });
        for (const id of choice.parents) expect(archive.content(id)).not.toBeNull();
        if (choice.move === 'repair') repaired.push(choice.parents[0] ?? '');
        archive.add(entryOf(i + 1, { ...entryFor(archive, i + 1, { ...item, asks: false }), ...choice }));
      });
      expect(new Set(repaired).size).toBe(repaired.length);
    }),
  );
});

test('an island draws its parents from itself, its neighbour and the starting points alone', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const { archive, entries } = run(list);
      for (let i = 0; i < AHEAD; i++) {
        const island = i % ISLANDS;
        const { move, parents } = archive.choose({ island, number: list.length + 1 + i });
        // A repair has the parents of what it repairs.
        if (move === 'repair') continue;
        const homes = new Set(parents.map((id) => entries.find((entry) => entry.candidateId === id)));
        const populated = entries.some(
          (entry) => entry.verdict === 'passed' && (entry.island === island || entry.move === 'seed'),
        );
        for (const home of homes) {
          if (home?.move === 'seed' || !populated) continue;
          expect([island, (island + 1) % ISLANDS]).toContain(home?.island);
        }
      }
    }),
  );
});

test('a long search stays within its bounds and knows the whole line of its best', () => {
  const archive = createArchive({ islands: 1, seed: 1 });
  const last = 45_000;
  for (let number = 1; number <= last; number++) {
    // One in a thousand betters the line; the others descend from it and lead nowhere.
    const isStep = number % 1000 === 1;
    const parents = number === 1 ? [] : [idOf(number - 1 - ((number - 2) % 1000))];
    archive.add(entryOf(number, { source: '', parents, speedup: isStep ? number : 0.5 }));
  }
  expect(archive.best()?.number).toBe(44_001);
  expect(archive.lineage(idOf(44_001)).length).toBe(45);
});
