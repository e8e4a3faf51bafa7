import { expect, test } from 'vitest';
import { CandidateId } from '../../../../src/domain/ids.ts';
import type { Outcome } from '../../../../src/domain/outcome.ts';
import { Problem } from '../../../../src/domain/problem.ts';
import { Definition } from '../../../../src/importers/flashinfer/documents.ts';
import { importDefinition } from '../../../../src/importers/flashinfer/import-definition.ts';
import { tracesText } from '../../../../src/importers/flashinfer/traces.ts';
import { attempt } from '../../../support/builders.ts';
import { passed } from '../../../support/server/fake-outcomes.ts';

const IDS = ['11111111-0000-4000-8000-000000000000', '22222222-0000-4000-8000-000000000000'];
const definition = Definition.parse({
  name: 'double_n',
  axes: { n: { type: 'var' } },
  inputs: { x: { shape: ['n'], dtype: 'float32' }, by: { shape: null, dtype: 'float32' } },
  outputs: { y: { shape: ['n'], dtype: 'float32' } },
  reference: 'def run(x, by):\n    return x * by\n',
});
const workloads = IDS.map((uuid, at) => ({
  uuid,
  axes: { n: 8 * (at + 1) },
  inputs: { x: { type: 'random' as const }, by: { type: 'scalar' as const, value: 2 } },
}));
const problem = Problem.parse(importDefinition(definition, workloads, 'double_n').problem);
const id = CandidateId.parse(`c-${'a'.repeat(32)}`);
const judged = (outcome: Outcome) => ({
  id,
  state: { status: 'done' as const, outcome, finishedAt: '2026-01-01T00:00:00.000Z' },
  attempts: [attempt(id, 1, {})],
});
const traces = (outcome: Outcome, of: Problem = problem): readonly Record<string, unknown>[] =>
  tracesText(judged(outcome), of)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('a verdict is a trace for each workload, with its id, its sizes and both times in milliseconds', () => {
  const outcome = passed(2);
  if (outcome.verdict !== 'passed') throw new Error('it is');
  const [timing] = outcome.timings;
  if (!timing) throw new Error('no timing');
  const timings = problem.bench.gpu.map(({ name }) => ({ ...timing, case: name }));
  const found = traces({ ...outcome, timings });
  expect(found).toMatchObject(
    workloads.map((workload) => ({
      definition: 'double_n',
      workload,
      solution: id,
      evaluation: {
        status: 'PASSED',
        timestamp: '2026-01-01T00:00:00.000Z',
        performance: {
          latency_ms: timing.candidate.medianNs / 1e6,
          reference_latency_ms: timing.baseline.medianNs / 1e6,
          speedup_factor: timing.speedup,
        },
      },
    })),
  );
});

test('a failure is one of the workload that it was seen in, also as a check, or of all where it is of none', () => {
  const [first, second] = problem.bench.gpu.map(({ name }) => name);
  const crash = traces({ verdict: 'crashed', case: second ?? '', message: 'illegal address' });
  expect(crash).toMatchObject([{ workload: workloads[1], evaluation: { status: 'RUNTIME_ERROR' } }]);
  expect(JSON.stringify(crash)).toContain('illegal address');
  expect(traces({ verdict: 'contract', case: `check-${first}`, message: 'no tensor' })).toMatchObject([
    { workload: workloads[0] },
  ]);
  const failed = traces({ verdict: 'compile_error', log: 'no such name' });
  expect(failed.map(({ evaluation }) => (evaluation as { status: string }).status)).toEqual(['COMPILE_ERROR', 'COMPILE_ERROR']);
});

test('what has no verdict, and what is of another origin, is refused with the reason', () => {
  expect(() => traces({ verdict: 'cancelled' })).toThrow(/ended as cancelled, which says nothing of it/u);
  expect(() => traces(passed(2), { ...problem, title: 'a title' })).toThrow(/no definition of FlashInfer-Trace/u);
  const waiting = { ...judged(passed(2)), state: { status: 'queued' as const } };
  expect(() => tracesText(waiting, problem)).toThrow(/has no verdict yet/u);
});
