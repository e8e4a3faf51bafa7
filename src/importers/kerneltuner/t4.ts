/** Results of a sweep in the T4 form, which other tuners write and read. Pure. */
import type { Verdict } from '../../domain/outcome.ts';
import type { SweepResult } from '../../domain/sweep/sweep.ts';

const SCHEMA_VERSION = '1.0.0';
const NS_PER_MS = 1e6;

type Invalidity = 'timeout' | 'compile' | 'runtime' | 'correctness' | 'constraints' | 'correct';

/** Null: it says nothing of the point, and is left out. */
const INVALIDITY: Readonly<Record<Verdict, Invalidity | null>> = {
  passed: 'correct',
  compile_error: 'compile',
  plan_error: 'constraints',
  wrong_answer: 'correctness',
  modified_input: 'correctness',
  out_of_bounds: 'correctness',
  implausible: 'correctness',
  crashed: 'runtime',
  timed_out: 'timeout',
  cancelled: null,
  infra_failed: null,
  contract: null,
};

export interface T4 {
  readonly schema_version: string;
  readonly metadata: { readonly timeunit: string };
  readonly results: readonly object[];
}

/** `names`: the params that vary. */
export const t4Of = (results: readonly SweepResult[], names: readonly string[]): T4 => ({
  schema_version: SCHEMA_VERSION,
  metadata: { timeunit: 'milliseconds' },
  results: results.flatMap((result) => {
    const invalidity = result.verdict === null ? null : INVALIDITY[result.verdict];
    return invalidity === null ? [] : [entryOf(result, { names, invalidity })];
  }),
});

const entryOf = (
  { params, timeNs, speedup, deviceMs, finishedAt }: SweepResult,
  { names, invalidity }: { readonly names: readonly string[]; readonly invalidity: Invalidity },
): object => ({
  ...(finishedAt !== null && { timestamp: finishedAt }),
  configuration: Object.fromEntries(names.flatMap((name) => (Object.hasOwn(params, name) ? [[name, params[name]]] : []))),
  times: { runtimes: timeNs === null ? [] : [timeNs / NS_PER_MS], ...(deviceMs !== null && { benchmark: deviceMs }) },
  invalidity,
  correctness: invalidity === 'correct' ? 1 : 0,
  measurements: [
    ...(timeNs === null ? [] : [{ name: 'time', value: timeNs / NS_PER_MS, unit: 'ms' }]),
    ...(speedup === null ? [] : [{ name: 'speedup', value: speedup, unit: '' }]),
  ],
  objectives: ['time'],
});
