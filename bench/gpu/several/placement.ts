/**
 * Section 3: medians on GPU 0, while nothing else runs and while every compile worker and GPU 1, where there is one, are busy. In rounds of the
 * order A B B A: a clock or a temperature that drifts moves both sides of a round alike, and the median over the rounds leaves out the round in
 * which it did not.
 */
import { join } from 'node:path';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { quantile } from '../../quantile.ts';
import { PROBLEM, PROBLEMS_FOLDER } from '../rate/candidates.ts';
import type { BenchHost } from './host.ts';
import { startLoad } from './load.ts';
import type { LoadFigures } from './load.ts';
import { startRunner } from './runner.ts';
import type { Judged, Runner, Work } from './runner.ts';

const KERNELS = join(import.meta.dirname, '../../../kernels');
/** Small launches first, then large ones. */
const WATCHED = [
  { folder: join(PROBLEMS_FOLDER, 'vector_add_small'), file: 'baseline.cu' },
  { folder: join(PROBLEMS_FOLDER, PROBLEM), file: 'baseline.cu' },
  { folder: join(KERNELS, 'rmsnorm'), file: 'seeds/3-registers.cu' },
  { folder: join(KERNELS, 'softmax'), file: 'seeds/3-registers.cu' },
  { folder: join(KERNELS, 'transpose'), file: 'seeds/3-vectors.cu' },
  { folder: join(KERNELS, 'vector_add'), file: 'seeds/3-float4.cu' },
] as const;

export interface Moved {
  readonly problem: string;
  readonly case: string;
  /** Medians over the judgements of all rounds. */
  readonly quietNs: number;
  readonly loadedNs: number;
  /** loaded / quiet - 1, median over the rounds. */
  readonly moved: number;
  /** The largest that the two quiet phases of a round differ by: what time alone does. */
  readonly drift: number;
}

export interface PlacementFigures {
  readonly moved: readonly Moved[];
  readonly repeats: number;
  readonly rounds: number;
  readonly load: LoadFigures;
  readonly compileSlots: number;
  /** Those of the load are judged on another GPU; false where the host has one alone. */
  readonly hasNeighbour: boolean;
}

export interface PlacementSizes {
  /** Judgements of each kernel in a quiet phase; twice as many under load. */
  readonly repeats: number;
  readonly rounds: number;
}

export const measurePlacement = async (host: BenchHost, { repeats, rounds }: PlacementSizes): Promise<PlacementFigures> => {
  const runner = await startRunner(host);
  try {
    const loaded = WATCHED.map(({ folder, file }) => ({ problem: loadProblem(folder), file }));
    const works = await Promise.all(
      loaded.map(async ({ problem, file }) => runner.prepare(problem, { source: problem.files[file] ?? '', params: {} })),
    );
    const watched = loaded.map(({ problem }, index) => ({ name: problem.problem.name, work: must(works[index]) }));
    // Problems, buffers and baselines are new to the judge.
    await phase(runner, watched, 1);
    const measured: Round[] = [];
    for (let round = 0; round < rounds; round += 1) measured.push(await measureRound(runner, watched, repeats));
    const load = measured.map((round) => round.load).reduce(together);
    const { compileSlots } = runner.inventory;
    return { moved: movedOf(measured), repeats, rounds, load, compileSlots, hasNeighbour: runner.gpus.length > 1 };
  } finally {
    await runner.stop();
  }
};

type Watched = readonly { readonly name: string; readonly work: Work }[];

interface Round {
  readonly before: Medians;
  readonly between: Medians;
  readonly after: Medians;
  readonly load: LoadFigures;
}

const measureRound = async (runner: Runner, watched: Watched, repeats: number): Promise<Round> => {
  const before = await phase(runner, watched, repeats);
  const { between, load } = await underLoad(runner, async () => phase(runner, watched, 2 * repeats));
  return { before, between, load, after: await phase(runner, watched, repeats) };
};

const together = (one: LoadFigures, other: LoadFigures): LoadFigures => ({
  compiled: one.compiled + other.compiled,
  judged: one.judged + other.judged,
  seconds: one.seconds + other.seconds,
});

/** "problem case" -> the medians of its judgements. */
type Medians = ReadonlyMap<string, readonly number[]>;

const underLoad = async (
  runner: Runner,
  measure: () => Promise<Medians>,
): Promise<{ readonly between: Medians; readonly load: LoadFigures }> => {
  const load = startLoad(runner, runner.gpus[1], loadProblem(join(PROBLEMS_FOLDER, PROBLEM)));
  await load.full;
  const between = await measure();
  return { between, load: await load.stop() };
};

const phase = async (runner: Runner, watched: Watched, repeats: number): Promise<Medians> => {
  const gpu = must(runner.gpus[0]);
  // All kernels in turn, so that a slow moment hits each of them once.
  const asked = Array.from({ length: repeats }, () => watched).flat();
  const judged = await Promise.all(
    asked.map(async ({ name, work }) => ({ name, timings: timingsOf(name, await runner.judge(gpu, work)) })),
  );
  const medians = judged.flatMap(({ name, timings }) =>
    timings.map((timing) => ({ key: `${name} ${timing.case}`, medianNs: timing.candidate.medianNs })),
  );
  return new Map([...Map.groupBy(medians, ({ key }) => key)].map(([key, list]) => [key, list.map(({ medianNs }) => medianNs)]));
};

const timingsOf = (name: string, { outcome, infra }: Judged) => {
  if (outcome?.verdict === 'passed') return outcome.timings;
  throw new Error(`${name} ended as ${JSON.stringify(outcome ?? infra).slice(0, 500)}`);
};

const movedOf = (rounds: readonly Round[]): readonly Moved[] =>
  [...must(rounds[0]).before.keys()].map((key) => {
    const [problem = '', name = ''] = key.split(' ');
    const sides = rounds.map(({ before, between, after }) => ({
      quiet: [...(before.get(key) ?? []), ...(after.get(key) ?? [])],
      loaded: between.get(key) ?? [],
      drift: quantile(after.get(key) ?? [], 0.5) / quantile(before.get(key) ?? [], 0.5) - 1,
    }));
    return {
      problem,
      case: name,
      quietNs: quantile(
        sides.flatMap(({ quiet }) => quiet),
        0.5,
      ),
      loadedNs: quantile(
        sides.flatMap(({ loaded }) => loaded),
        0.5,
      ),
      moved: quantile(
        sides.map(({ quiet, loaded }) => quantile(loaded, 0.5) / quantile(quiet, 0.5) - 1),
        0.5,
      ),
      drift: sides.reduce((most, { drift }) => (Math.abs(drift) > Math.abs(most) ? drift : most), 0),
    };
  });

const must = <Value>(value: Value | undefined): Value => {
  if (value === undefined) throw new Error('fewer GPUs or kernels than there were');
  return value;
};
