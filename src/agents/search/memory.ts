/**
 * What became of each idea on one problem and device, failures too: one table for all agents, so that nobody pays for what another one found out.
 * Ideas are words without numbers (ideaTag): "unroll by 4" and "unroll by 8" are one.
 */
import type { GenerationContext, MemoryRow } from '../../domain/campaign/generation-context.ts';
import type { CandidateId } from '../../domain/ids.ts';
import { BoundedMap } from '../../platform/bounded-map.ts';
import { ideaTag } from './elites.ts';
import type { ArchiveEntry } from './entry.ts';

/** Ideas that are remembered; the oldest that gained nothing go first. */
const ROWS_MAX = 256;
/** Candidates whose speed-up is known, to set children beside them. */
const KNOWN_MAX = 20_000;
/** Of one parent, the newest. */
const CHILDREN_MAX = 32;
/** A difference that is none. */
const SAME = 0.01;

export interface Memory {
  /** Added again it is the same try; what it came to is what was said last. */
  add(entry: ArchiveEntry): void;
  /** Its verdict was taken back: it is no try of its idea, and what it came to is not known. */
  forget(id: CandidateId): void;
  /** The best first, then what failed or gained nothing, most tried first. */
  rows(limit: number): readonly MemoryRow[];
  /** Null where it is not known, or not any more. */
  result(id: CandidateId): Result | null;
  /** What was applied to this candidate, newest last. */
  triedOn(id: CandidateId, limit: number): GenerationContext['tried'];
}

/** What it came to. */
export type Result = Pick<ArchiveEntry, 'speedup' | 'cases' | 'failure'>;

/** One candidate as a try of its idea. */
interface Try extends Pick<ArchiveEntry, 'verdict' | 'speedup'> {
  /** Of the idea; empty where it counts for none. */
  readonly tag: string;
  readonly ratio: number | null;
  readonly idea: string;
  readonly parent: CandidateId | null;
  readonly cases: MemoryRow['cases'];
}

export const createMemory = (): Memory => {
  const rows = new Map<string, MemoryRow>();
  const known = new BoundedMap<CandidateId, Result>(KNOWN_MAX);
  const tries = new BoundedMap<CandidateId, Try>(KNOWN_MAX);
  const children = new BoundedMap<CandidateId, readonly CandidateId[]>(KNOWN_MAX);

  const add = (entry: ArchiveEntry): void => {
    const { candidateId, speedup, cases, failure } = entry;
    known.set(candidateId, { speedup, failure, ...(cases === undefined ? {} : { cases }) });
    if (tries.has(candidateId)) return;
    const parents = entry.parents.flatMap((id) => known.get(id) ?? []).filter((one) => one.speedup !== null);
    const one = tryOf(entry, parents.toSorted((a, b) => (b.speedup ?? 0) - (a.speedup ?? 0))[0]);
    tries.set(candidateId, one);
    if (one.parent !== null) children.set(one.parent, [...(children.get(one.parent) ?? []), candidateId].slice(-CHILDREN_MAX));
    if (one.tag === '') return;
    rows.set(one.tag, withTry(rows.get(one.tag) ?? newRow(entry.idea), one));
    if (rows.size > ROWS_MAX) rows.delete(leastWorth(rows));
  };

  const forget = (id: CandidateId): void => {
    const gone = tries.get(id);
    known.delete(id);
    tries.delete(id);
    const row = gone && rows.get(gone.tag);
    if (!row) return;
    if (row.tries === 1) rows.delete(gone.tag);
    else rows.set(gone.tag, { ...withoutTry(row, gone), ...bestOf([...tries.values()].filter(({ tag }) => tag === gone.tag)) });
  };

  return {
    add,
    forget,
    result: (id) => known.get(id) ?? null,
    triedOn: (id, limit) =>
      (children.get(id) ?? [])
        .flatMap((child) => tries.get(child) ?? [])
        .filter(({ tag }) => tag !== '')
        .slice(-limit)
        .map(({ idea, verdict, speedup }) => ({ idea, verdict, ratio: ratioTo(known.get(id), speedup) })),
    rows: (limit) => [...rows.values()].toSorted(byWorth).slice(0, limit),
  };
};

const newRow = (idea: string): MemoryRow => ({ idea, tries: 0, passed: 0, ...NOTHING_BEST, failures: {} });

type Best = Pick<MemoryRow, 'bestRatio' | 'bestSpeedup' | 'cases'>;
const NOTHING_BEST: Best = { bestRatio: null, bestSpeedup: null, cases: [] };

const tryOf = (entry: ArchiveEntry, parent: Result | undefined): Try => {
  const { verdict, speedup } = entry;
  const ratio = speedup !== null && parent?.speedup ? speedup / parent.speedup : null;
  const tag = entry.move === 'seed' || entry.move === 'tune' ? '' : ideaTag(entry.idea);
  const cases = ratio === null ? [] : ratiosOf(entry, parent);
  return { tag, verdict, speedup, ratio, cases, idea: entry.idea, parent: entry.parents[0] ?? null };
};

const ratioTo = (parent: Result | undefined, speedup: number | null): number | null =>
  speedup !== null && parent?.speedup ? speedup / parent.speedup : null;

const withTry = (row: MemoryRow, one: Try): MemoryRow => ({ ...counted(row, one, 1), ...better(row, one) });
const withoutTry = (row: MemoryRow, one: Try): MemoryRow => counted(row, one, -1);

const counted = (row: MemoryRow, { verdict, speedup }: Try, by: 1 | -1): MemoryRow => {
  const tries = row.tries + by;
  if (speedup !== null) return { ...row, tries, passed: row.passed + by };
  if (verdict === null) return { ...row, tries };
  const { [verdict]: before = 0, ...others } = row.failures;
  return { ...row, tries, failures: before + by === 0 ? others : { ...row.failures, [verdict]: before + by } };
};

const better = (best: Best, { speedup, ratio, cases }: Try): Best => {
  const bestSpeedup = speedup === null ? best.bestSpeedup : Math.max(speedup, best.bestSpeedup ?? 0);
  const isBetter = ratio !== null && (best.bestRatio === null || ratio > best.bestRatio);
  return isBetter ? { bestRatio: ratio, bestSpeedup, cases } : { bestRatio: best.bestRatio, bestSpeedup, cases: best.cases };
};

const bestOf = (tries: readonly Try[]): Best => tries.reduce(better, NOTHING_BEST);

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
