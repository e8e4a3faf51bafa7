/** A verdict in the lines that GPU MODE's harness writes, `key: value`. Pure. */
import type { Candidate } from '../../domain/candidate.ts';
import { KilnError } from '../../domain/errors.ts';
import type { CaseTiming } from '../../domain/measurement.ts';
import { type Outcome, SILENT_VERDICTS } from '../../domain/outcome.ts';
import type { Problem, ProblemCase } from '../../domain/problem.ts';
import { reasonText } from '../../domain/text/describe.ts';

/** Of a normal distribution, half of a 95 % interval in standard errors. */
const STANDARD_ERRORS = 1.96;
const REASON_CHARS_MAX = 2000;

/** Ends with a line break. Throws INVALID_REQUEST where there is no verdict about the candidate. */
export const popcornText = (
  { id, state }: Pick<Candidate, 'id' | 'state'>,
  problem: Pick<Problem, 'check' | 'bench'>,
): string => {
  if (state.status !== 'done')
    throw new KilnError('INVALID_REQUEST', `${id} has no verdict yet: kiln show ${id} says where it is`);
  const { outcome } = state;
  if (SILENT_VERDICTS.has(outcome.verdict))
    throw new KilnError('INVALID_REQUEST', `${id} ended as ${outcome.verdict}, which says nothing of it`);
  const lines = outcome.verdict === 'passed' ? passedLines(problem, outcome.timings) : failedLines(problem, outcome);
  return lines.map(([key, value]) => `${key}: ${value}\n`).join('');
};

type Line = readonly [key: string, value: string | number];

const passedLines = ({ check, bench }: Pick<Problem, 'check' | 'bench'>, timings: readonly CaseTiming[]): readonly Line[] => [
  ['test-count', check.length],
  ...check.flatMap((item, index): readonly Line[] => [
    [`test.${index}.spec`, specOf(item)],
    [`test.${index}.status`, 'pass'],
  ]),
  ['benchmark-count', timings.length],
  ...timings.flatMap((timing, index) => benchmarkLines(timing, index, bench)),
  ['check', 'pass'],
];

/** All times in nanoseconds. Their `worst` is the slowest run: here, what 95 % of the runs stayed below. */
const benchmarkLines = ({ case: name, candidate }: CaseTiming, index: number, bench: Problem['bench']): readonly Line[] => {
  const item = [...bench.gpu, ...bench.cpu].find((one) => one.name === name);
  const error = (candidate.ciHighNs - candidate.ciLowNs) / 2 / STANDARD_ERRORS;
  const key = `benchmark.${index}`;
  return [
    [`${key}.spec`, item ? specOf(item) : name],
    [`${key}.runs`, candidate.runs],
    [`${key}.mean`, candidate.trimmedMeanNs],
    [`${key}.std`, error * Math.sqrt(candidate.runs)],
    [`${key}.err`, error],
    [`${key}.best`, candidate.minNs],
    [`${key}.worst`, candidate.p95Ns],
  ];
};

/** In its test, or in its benchmark where the case is timed. Of the others nothing is said: nobody knows. */
const failedLines = ({ check, bench }: Pick<Problem, 'check' | 'bench'>, outcome: Outcome): readonly Line[] => {
  const where = 'case' in outcome ? outcome.case : '';
  const timed = [bench.gpu, bench.cpu].find((cases) => cases.some(({ name }) => name === where));
  const cases = timed ?? check;
  const index = Math.max(
    0,
    cases.findIndex(({ name }) => name === where),
  );
  const item = cases[index];
  const key = `${timed ? 'benchmark' : 'test'}.${index}`;
  return [
    ['test-count', check.length],
    ...(timed ? ([['benchmark-count', timed.length]] as const) : []),
    ...(item ? ([[`${key}.spec`, specOf(item)]] as const) : []),
    [`${key}.status`, 'fail'],
    [`${key}.error`, `${outcome.verdict}: ${reasonText(outcome, REASON_CHARS_MAX)}`],
    ['check', 'fail'],
  ];
};

/** {m: 64, n: 32} -> "m: 64; n: 32" */
const specOf = ({ shape }: Pick<ProblemCase, 'shape'>): string =>
  Object.entries(shape)
    .map(([name, value]) => `${name}: ${value}`)
    .join('; ');
