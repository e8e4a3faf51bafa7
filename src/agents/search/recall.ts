/** From what earlier campaigns learned to what a new one is told: the same idea of several is one row, and no more than a prompt can bear. Pure. */
import {
  type Lesson,
  LESSON_BYTES_MAX,
  LESSON_GAINS_MAX,
  LESSON_ROWS_MAX,
  type Recalled,
} from '../../domain/campaign/lessons.ts';
import type { MemoryRow } from '../../domain/campaign/generation-context.ts';
import type { DeviceClass } from '../../domain/device.ts';
import { ideaTag } from './elites.ts';
import type { Bound } from './entry.ts';

/** A difference that is none. */
const SAME = 0.01;
const ELSEWHERE_MAX = 5;

export interface Wanted {
  readonly problem: string;
  readonly device: DeviceClass;
  readonly bound: Bound;
  /** Models of the class that are there; none: any. */
  readonly models: readonly string[];
}

/** `earlier`: of each campaign, the newest first. */
export const recalledFor = ({ problem, device, bound, models }: Wanted, earlier: readonly (readonly Lesson[])[]): Recalled => {
  const isHere = (lesson: Lesson): boolean =>
    lesson.device === device && (models.length === 0 || models.includes(lesson.deviceModel));
  const here = earlier.map((lessons) => lessons.filter(isHere));
  const own = here
    .map((lessons) => lessons.filter((lesson) => lesson.problem === problem))
    .filter((lessons) => lessons.length > 0);
  const others = here.flatMap((lessons) =>
    lessons.filter((lesson) => lesson.problem !== problem && lesson.bound === bound && bound !== 'unknown'),
  );
  const elsewhere = [...Map.groupBy(others, (lesson) => lesson.problem)].flatMap(([name, lessons]) =>
    merged(lessons)
      .filter(isGain)
      .map((row) => ({ ...row, problem: name })),
  );
  return {
    problem,
    device,
    campaigns: own.length,
    rows: bounded(merged(own.flat())),
    elsewhere: elsewhere.toSorted((a, b) => (b.bestRatio ?? 0) - (a.bestRatio ?? 0)).slice(0, ELSEWHERE_MAX),
  };
};

/** What gained first, then what was tried most; of both some, and within the bytes that are allowed. */
export const bounded = (rows: readonly MemoryRow[]): MemoryRow[] => {
  const gains = rows.filter(isGain).toSorted((a, b) => (b.bestRatio ?? 0) - (a.bestRatio ?? 0));
  const others = rows.filter((row) => !isGain(row)).toSorted((a, b) => b.tries - a.tries);
  const shown = Math.max(LESSON_GAINS_MAX, LESSON_ROWS_MAX - others.length);
  const chosen = [...gains.slice(0, shown), ...others].slice(0, LESSON_ROWS_MAX);
  while (Buffer.byteLength(JSON.stringify(chosen)) > LESSON_BYTES_MAX) chosen.pop();
  return chosen;
};

const isGain = ({ bestRatio }: MemoryRow): boolean => bestRatio !== null && bestRatio > 1 + SAME;

const merged = (lessons: readonly Lesson[]): readonly MemoryRow[] =>
  [
    ...Map.groupBy(
      lessons.flatMap(({ rows }) => rows),
      ({ idea }) => ideaTag(idea),
    ).values(),
  ].flatMap((same) => {
    const [first, ...rest] = same;
    return first === undefined ? [] : [rest.reduce(joined, first)];
  });

const joined = (one: MemoryRow, other: MemoryRow): MemoryRow => {
  const better = (other.bestRatio ?? 0) > (one.bestRatio ?? 0) ? other : one;
  const failures = { ...one.failures };
  for (const [verdict, count] of Object.entries(other.failures)) failures[verdict] = (failures[verdict] ?? 0) + count;
  const speedups = [one.bestSpeedup, other.bestSpeedup].filter((speedup) => speedup !== null);
  return {
    idea: one.idea,
    tries: one.tries + other.tries,
    passed: one.passed + other.passed,
    bestRatio: better.bestRatio,
    bestSpeedup: speedups.length === 0 ? null : Math.max(...speedups),
    cases: better.cases,
    failures,
  };
};
