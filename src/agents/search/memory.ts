/**
 * What became of each idea on one problem and device, failures too: one table for all agents, so that nobody pays for what another one found out.
 * Ideas are words without numbers (ideaTag): "unroll by 4" and "unroll by 8" are one.
 */
import type { MemoryRow } from '../../domain/campaign/generation-context.ts';
import type { CandidateId } from '../../domain/ids.ts';
import { BoundedMap } from '../../platform/bounded-map.ts';
import { ideaTag } from './elites.ts';
import type { ArchiveEntry } from './entry.ts';

/** Ideas that are remembered; the oldest that gained nothing go first. */
const ROWS_MAX = 256;
/** Candidates whose speed-up is known, to set children beside them. */
const KNOWN_MAX = 20_000;
/** A difference that is none. */
const SAME = 0.01;

export interface Memory {
  add(entry: ArchiveEntry): void;
  /** The best first, then what failed or gained nothing, most tried first. */
  rows(limit: number): readonly MemoryRow[];
  /** Null where it is not known, or not any more. */
  result(id: CandidateId): Result | null;
}

/** What it came to. */
export type Result = Pick<ArchiveEntry, 'speedup' | 'cases' | 'failure'>;

export const createMemory = (): Memory => {
  const rows = new Map<string, MemoryRow>();
  const known = new BoundedMap<CandidateId, Result>(KNOWN_MAX);
  const added = new BoundedMap<CandidateId, true>(KNOWN_MAX);

  const add = (entry: ArchiveEntry): void => {
    if (added.has(entry.candidateId)) return;
    added.set(entry.candidateId, true);
    const { candidateId, speedup, cases, failure } = entry;
    known.set(candidateId, { speedup, failure, ...(cases === undefined ? {} : { cases }) });
    const tag = ideaTag(entry.idea);
    if (tag === '' || entry.move === 'seed') return;
    const parents = entry.parents.flatMap((id) => known.get(id) ?? []).filter((one) => one.speedup !== null);
    const parent = parents.toSorted((a, b) => (b.speedup ?? 0) - (a.speedup ?? 0))[0];
    rows.set(tag, merged(rows.get(tag) ?? newRow(entry.idea), entry, parent));
    if (rows.size > ROWS_MAX) rows.delete(leastWorth(rows));
  };

  return {
    add,
    result: (id) => known.get(id) ?? null,
    rows: (limit) => [...rows.values()].toSorted(byWorth).slice(0, limit),
  };
};

const newRow = (idea: string): MemoryRow => ({
  idea,
  tries: 0,
  passed: 0,
  bestRatio: null,
  bestSpeedup: null,
  cases: [],
  failures: {},
});

const merged = (row: MemoryRow, entry: ArchiveEntry, parent: Result | undefined): MemoryRow => {
  const tries = row.tries + 1;
  const { speedup, verdict } = entry;
  if (speedup === null) {
    const failures = verdict === null ? row.failures : { ...row.failures, [verdict]: (row.failures[verdict] ?? 0) + 1 };
    return { ...row, tries, failures };
  }
  const ratio = parent?.speedup ? speedup / parent.speedup : null;
  const isBetter = ratio !== null && (row.bestRatio === null || ratio > row.bestRatio);
  return {
    ...row,
    tries,
    passed: row.passed + 1,
    bestRatio: isBetter ? ratio : row.bestRatio,
    bestSpeedup: Math.max(speedup, row.bestSpeedup ?? 0),
    cases: isBetter ? ratiosOf(entry, parent) : row.cases,
  };
};

/** Above 1: the child is faster in that case. */
const ratiosOf = ({ cases }: ArchiveEntry, parent: Result | undefined): MemoryRow['cases'] =>
  (cases ?? []).flatMap(({ case: name, medianNs }) => {
    const before = parent?.cases?.find((other) => other.case === name);
    return before === undefined ? [] : [{ case: name, ratio: before.medianNs / medianNs }];
  });

const worth = ({ bestRatio }: MemoryRow): number => (bestRatio !== null && bestRatio > 1 + SAME ? bestRatio : 0);
const byWorth = (a: MemoryRow, b: MemoryRow): number => worth(b) - worth(a) || b.tries - a.tries;

const leastWorth = (rows: ReadonlyMap<string, MemoryRow>): string =>
  [...rows].reduce((least, row) => (worth(row[1]) < worth(least[1]) ? row : least))[0];
