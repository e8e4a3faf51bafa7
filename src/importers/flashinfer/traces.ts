/** A verdict as traces of FlashInfer-Trace: one line of JSON for each workload that it says something of. Pure. */
import type { Candidate } from '../../domain/candidate.ts';
import { KilnError } from '../../domain/errors.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { Problem, ProblemCase } from '../../domain/problem.ts';
import { reasonText } from '../../domain/text/describe.ts';
import { definitionOfTitle, uuidOf } from './import-definition.ts';

const NS_PER_MS = 1e6;
const REASON_CHARS_MAX = 2000;

const STATUS: Readonly<Partial<Record<Outcome['verdict'], string>>> = {
  passed: 'PASSED',
  compile_error: 'COMPILE_ERROR',
  plan_error: 'COMPILE_ERROR',
  wrong_answer: 'INCORRECT_NUMERICAL',
  timed_out: 'TIMEOUT',
  crashed: 'RUNTIME_ERROR',
  out_of_bounds: 'RUNTIME_ERROR',
  modified_input: 'RUNTIME_ERROR',
  implausible: 'RUNTIME_ERROR',
  contract: 'RUNTIME_ERROR',
};

type Judged = Pick<Candidate, 'id' | 'state' | 'attempts'>;
type Asked = Pick<Problem, 'name' | 'title' | 'variables' | 'tensors' | 'scalars' | 'bench'>;

/** Ends with a line break. Throws INVALID_REQUEST where there is no verdict about the candidate, and for problems of elsewhere. */
export const tracesText = (candidate: Judged, problem: Asked): string => {
  const { id, state } = candidate;
  const definition = definitionOfTitle(problem.title);
  if (definition === null) throw invalid(`${problem.name} is no definition of FlashInfer-Trace (its title would say so)`);
  if (state.status !== 'done') throw invalid(`${id} has no verdict yet: kiln show ${id} says where it is`);
  const { outcome, finishedAt } = state;
  const status = STATUS[outcome.verdict];
  if (status === undefined) throw invalid(`${id} ended as ${outcome.verdict}, which says nothing of it`);
  const environment = { hardware: deviceOf(candidate), libs: {} };
  const evaluated = {
    status,
    environment,
    timestamp: finishedAt,
    log: outcome.verdict === 'passed' ? '' : reasonText(outcome, REASON_CHARS_MAX),
  };
  return casesOf(outcome, problem)
    .map((item) => ({
      definition,
      workload: workloadOf(item, problem),
      solution: id,
      evaluation: { ...evaluated, ...measuredIn(outcome, item) },
    }))
    .map((trace) => `${JSON.stringify(trace)}\n`)
    .join('');
};

/** All that were timed; of a failure the workload that it was seen in, or all where it is of none. */
const casesOf = (outcome: Outcome, { bench }: Asked): readonly ProblemCase[] => {
  const failed = outcome.verdict !== 'passed' && 'case' in outcome ? outcome.case : '';
  if (failed === '') return bench.gpu;
  return bench.gpu.filter(({ name }) => uuidOf(name) === uuidOf(failed)).slice(0, 1);
};

const workloadOf = ({ name, shape }: ProblemCase, { tensors, scalars }: Asked) => ({
  uuid: uuidOf(name),
  axes: shape,
  inputs: {
    ...Object.fromEntries(
      Object.entries(tensors).flatMap(([tensor, { role }]) => (role === 'out' ? [] : [[tensor, { type: 'random' }]])),
    ),
    ...Object.fromEntries(Object.entries(scalars).map(([scalar, { value }]) => [scalar, { type: 'scalar', value }])),
  },
});

/** Their errors are not told: Kiln says whether every element is within its tolerance. */
const measuredIn = (outcome: Outcome, { name }: ProblemCase): object => {
  const timing = outcome.verdict === 'passed' ? outcome.timings.find((one) => one.case === name) : undefined;
  if (!timing) return {};
  return {
    correctness: { extra: { judged_by: 'kiln: every element within the tolerance of the problem' } },
    performance: {
      latency_ms: timing.candidate.medianNs / NS_PER_MS,
      reference_latency_ms: timing.baseline.medianNs / NS_PER_MS,
      speedup_factor: timing.speedup,
    },
  };
};

const deviceOf = ({ attempts }: Judged): string => attempts.findLast(({ deviceModel }) => deviceModel)?.deviceModel ?? 'unknown';

const invalid = (message: string): KilnError => new KilnError('INVALID_REQUEST', message);
