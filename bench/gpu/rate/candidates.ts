/** What the throughput benchmark submits: an honest sweep of one source with some bad candidates among it. Deterministic. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SubmitCandidate } from '../../../src/domain/api/candidates.ts';
import { canonicalJson } from '../../../src/domain/ids.ts';
import type { Params } from '../../../src/domain/plan/plan.ts';

export const PROBLEM = 'vector_add_rate';
export const PROBLEMS_FOLDER = join(import.meta.dirname, '../problems');
/** Of 500: 30 bad ones. */
const BAD_SHARE = 0.06;
const KINDS_OF_BAD = ['wrong-answer', 'does-not-compile', 'bad-plan'] as const;
const FAULT_EVERY = 10;
/** Steps through the grid that visit every point once and mix fast with slow ones: prime, and no divisor of the grid's size. */
const GRID_STEP = 577;

const GRID = {
  BLOCK: Array.from({ length: 32 }, (_, index) => 32 * (index + 1)),
  VEC: [1, 2, 4],
  UNROLL: [1, 2, 3, 4, 5, 6, 7, 8],
  STREAM: [0, 1],
};
const GRID_SIZE = Object.values(GRID).reduce((size, values) => size * values.length, 1);

export type Kind = 'sweep' | (typeof KINDS_OF_BAD)[number] | 'crashes';

export interface RateCandidate {
  readonly kind: Kind;
  readonly source: string;
  readonly params: Readonly<Record<string, number>>;
}

const sourceOf = (kind: Kind): string => readFileSync(join(import.meta.dirname, 'sources', `${kind}.cu`), 'utf8');
const SWEEP = sourceOf('sweep');

/** The verdict a candidate should have. A simulated device passes whatever has a plan. */
export const expectedVerdict = (kind: Kind, isSimulated: boolean): string => {
  if (kind === 'bad-plan') return 'plan_error';
  if (isSimulated || kind === 'sweep') return 'passed';
  return { 'wrong-answer': 'wrong_answer', 'does-not-compile': 'compile_error', crashes: 'crashed' }[kind];
};

/** The `index`-th point of the sweep; different for every index below the grid's size. */
const sweepPoint = (index: number): RateCandidate => {
  if (index >= GRID_SIZE)
    throw new Error(`the sweep has ${GRID_SIZE} points, so there is no point ${index}; ask for fewer candidates`);
  let rest = (index * GRID_STEP) % GRID_SIZE;
  const params = Object.fromEntries(
    Object.entries(GRID).map(([name, values]) => {
      const value = values[rest % values.length] ?? 0;
      rest = Math.floor(rest / values.length);
      return [name, value];
    }),
  );
  return { kind: 'sweep', source: SWEEP, params };
};

const variant = (kind: Kind, number: number): RateCandidate => ({ kind, source: sourceOf(kind), params: { VARIANT: number } });

/** `skip`: points of the sweep that another stream of the same run has used. */
export const mixedStream = (count: number, skip: number): readonly RateCandidate[] => {
  const bad = Math.round(count * BAD_SHARE);
  const every = bad === 0 ? Infinity : Math.floor(count / bad);
  return Array.from({ length: count }, (_, index) => {
    const number = Math.floor(index / every);
    const isBad = index % every === every - 1 && number < bad;
    return isBad ? variant(KINDS_OF_BAD[number % KINDS_OF_BAD.length] ?? 'bad-plan', number) : sweepPoint(skip + index);
  });
};

export const sweepOnly = (count: number, skip: number): readonly RateCandidate[] =>
  Array.from({ length: count }, (_, index) => sweepPoint(skip + index));

/** Every tenth takes the context with it. */
export const faultyStream = (count: number, skip: number): readonly RateCandidate[] =>
  Array.from({ length: count }, (_, index) =>
    index % FAULT_EVERY === FAULT_EVERY - 1 ? variant('crashes', index) : sweepPoint(skip + index),
  );

/** Each takes the context with it. */
export const killers = (count: number): readonly RateCandidate[] =>
  Array.from({ length: count }, (_, index) => variant('crashes', index));

/** The same in every section. */
export const keyOf = (params: Params): string => canonicalJson(params);

/** `isRanked`: as trial 0, so that would-be records are confirmed; other trials are judged exactly once, as by the bare judge. */
export const bodyOf = (
  { source, params }: RateCandidate,
  options: { readonly device: string; readonly isRanked: boolean },
): SubmitCandidate => ({
  problem: PROBLEM,
  device: options.device,
  language: 'cuda',
  source,
  params: { ...params },
  trial: options.isRanked ? 0 : 1,
  submitter: 'bench',
});
