/** A ranking in the form of KernelBench's eval_results.json: problem -> its samples. Pure. */
import type { RankingView } from '../../domain/api/problems.ts';
import { KilnError } from '../../domain/errors.ts';
import { SILENT_VERDICTS } from '../../domain/outcome.ts';
import type { RankingEntry } from '../../domain/ranking/ranking.ts';
import { kernelBenchId } from './kernelbench-source.ts';

const NS_PER_MS = 1e6;
/** Of theirs: no time. */
const NONE = -1;
const NOT_COMPILED: ReadonlySet<string> = new Set(['compile_error', 'plan_error']);

interface Sample {
  readonly sample_id: number;
  readonly compiled: boolean;
  readonly correctness: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly runtime: number;
  readonly runtime_stats: Readonly<Record<string, number | string>>;
  readonly ref_runtime: number;
}

/** Best first; then those that did not pass. Throws INVALID_REQUEST for problems of elsewhere, and for several device models. */
export const kernelBenchResults = (view: RankingView): Readonly<Record<string, readonly Sample[]>> => {
  const found = kernelBenchId(view.problem);
  if (found === null)
    throw new KilnError('INVALID_REQUEST', `${view.problem} has no number of KernelBench in its name, as level1_19_relu has`);
  const ranked = view.models.filter(({ entries }) => entries.length > 0);
  const [model] = ranked;
  if (ranked.length > 1)
    throw new KilnError(
      'INVALID_REQUEST',
      `it is ranked on several models: choose one with --device (${ranked.map(({ deviceModel }) => deviceModel).join(', ')})`,
    );
  const passed = (model?.entries ?? []).map((entry, index) => sampleOf(entry, { index, deviceModel: model?.deviceModel ?? '' }));
  const failed = Object.entries(view.failed).flatMap(([verdict, count]) =>
    SILENT_VERDICTS.has(verdict) ? [] : Array<string>(count).fill(verdict),
  );
  const others = failed.map((verdict, index) => failedSample(verdict, passed.length + index));
  return { [String(found.id)]: [...passed, ...others] };
};

const sampleOf = (
  { candidateId, submitter, score }: RankingEntry,
  { index, deviceModel }: { readonly index: number; readonly deviceModel: string },
): Sample => {
  const runtime = score.timeNs / NS_PER_MS;
  return {
    sample_id: index,
    compiled: true,
    correctness: true,
    metadata: { hardware: deviceModel, candidate: candidateId, submitter },
    runtime,
    runtime_stats: { mean: runtime, hardware: deviceModel },
    ref_runtime: runtime * score.speedup,
  };
};

const failedSample = (verdict: string, index: number): Sample => ({
  sample_id: index,
  compiled: !NOT_COMPILED.has(verdict),
  correctness: false,
  metadata: { verdict },
  runtime: NONE,
  runtime_stats: {},
  ref_runtime: NONE,
});
