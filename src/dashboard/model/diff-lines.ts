/** Two sources beside each other, line by line: what stayed, what went, what came; long stretches that stayed are left out. Pure. */
import { diffArrays } from 'diff/lib/diff/array.js';

export type DiffLine =
  | {
      readonly kind: 'same' | 'removed' | 'added';
      readonly text: string;
      readonly old: number | null;
      readonly new: number | null;
    }
  | { readonly kind: 'skipped'; readonly count: number };

const CONTEXT_LINES = 4;
/** Sources that have less in common are not compared: the search would take seconds, and the answer would say nothing. */
const CHANGES_MAX = 1500;
const TIME_MAX_MS = 2000;

/** Null where the two have too little in common. */
export const diffLines = (before: string, after: string): readonly DiffLine[] | null => {
  const changes = diffArrays(before.split('\n'), after.split('\n'), { maxEditLength: CHANGES_MAX, timeout: TIME_MAX_MS });
  if (changes === undefined) return null;
  const lines: DiffLine[] = [];
  let old = 0;
  let fresh = 0;
  for (const { value, added, removed } of changes) {
    for (const text of value) {
      if (!added) old += 1;
      if (!removed) fresh += 1;
      const kind = added ? 'added' : removed ? 'removed' : 'same';
      lines.push({ kind, text, old: added ? null : old, new: removed ? null : fresh });
    }
  }
  return withoutLongStretches(lines);
};

const withoutLongStretches = (lines: readonly DiffLine[]): readonly DiffLine[] => {
  const changed = lines.flatMap(({ kind }, index) => (kind === 'same' ? [] : [index]));
  if (changed.length === 0) return lines.length === 0 ? [] : [{ kind: 'skipped', count: lines.length }];
  const out: DiffLine[] = [];
  let skipped = 0;
  let next = 0;
  lines.forEach((line, index) => {
    while ((changed[next] ?? Infinity) < index) next += 1;
    const isNear =
      (changed[next] ?? Infinity) - index <= CONTEXT_LINES || index - (changed[next - 1] ?? -Infinity) <= CONTEXT_LINES;
    if (!isNear) {
      skipped += 1;
      return;
    }
    if (skipped > 0) out.push({ kind: 'skipped', count: skipped });
    skipped = 0;
    out.push(line);
  });
  if (skipped > 0) out.push({ kind: 'skipped', count: skipped });
  return out;
};
