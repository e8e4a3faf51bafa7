/**
 * Section 3: medians on GPU 0, while nothing else runs and while every compile worker and GPU 1, where there is one, are busy. In rounds of the
 * order A B B A: a clock or a temperature that drifts moves both sides of a round alike, and the median over the rounds leaves out the round in
 * which it did not.
 */
import { join } from 'node:path';
import type { CaseTiming } from '../../../src/domain/measurement.ts';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { quantile } from '../../quantile.ts';
import { PROBLEM, PROBLEMS_FOLDER } from '../rate/candidates.ts';
import type { BenchHost } from './host.ts';
import { startLoad } from './load.ts';
import type { LoadFigures } from './load.ts';
import { startRunner, timingsOf } from './runner.ts';
import type { Runner } from './runner.ts';
import { prepareWatched, STREAMING } from './watched.ts';
import type { Watched } from './watched.ts';

export interface Moved {
  readonly problem: string;
  readonly case: string;
  /** Medians over the judgements of all rounds. */
  readonly quietNs: number;
  readonly loadedNs: number;
  /** loaded / quiet - 1, median over the rounds. */
  readonly moved: number;
  /** The same of the speed-ups, which are what is ranked. */
  readonly speedupMoved: number;
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
    const watched = await prepareWatched(runner, STREAMING);
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

interface Round {
  readonly before: Found;
  readonly between: Found;
  readonly after: Found;
  readonly load: LoadFigures;
}

const measureRound = async (runner: Runner, watched: readonly Watched[], repeats: number): Promise<Round> => {
  const before = await phase(runner, watched, repeats);
  const { between, load } = await underLoad(runner, async () => phase(runner, watched, 2 * repeats));
  return { before, between, load, after: await phase(runner, watched, repeats) };
};

const together = (one: LoadFigures, other: LoadFigures): LoadFigures => ({
  compiled: one.compiled + other.compiled,
  judged: one.judged + other.judged,
  seconds: one.seconds + other.seconds,
});

/** "problem case" -> its judgements. */
type Found = ReadonlyMap<string, readonly CaseTiming[]>;

const underLoad = async (
  runner: Runner,
  measure: () => Promise<Found>,
): Promise<{ readonly between: Found; readonly load: LoadFigures }> => {
  const load = startLoad(runner, runner.gpus[1], loadProblem(join(PROBLEMS_FOLDER, PROBLEM)));
  await load.full;
  const between = await measure();
  return { between, load: await load.stop() };
};

const phase = async (runner: Runner, watched: readonly Watched[], repeats: number): Promise<Found> => {
  const gpu = must(runner.gpus[0]);
  // All kernels in turn, so that a slow moment hits each of them once.
  const asked = Array.from({ length: repeats }, () => watched).flat();
  const judged = await Promise.all(
    asked.map(async ({ name, work }) => ({ name, timings: timingsOf(name, await runner.judge(gpu, work)) })),
  );
  const found = judged.flatMap(({ name, timings }) => timings.map((timing) => ({ key: `${name} ${timing.case}`, timing })));
  return new Map([...Map.groupBy(found, ({ key }) => key)].map(([key, list]) => [key, list.map(({ timing }) => timing)]));
};

const movedOf = (rounds: readonly Round[]): readonly Moved[] =>
  [...must(rounds[0]).before.keys()].map((key) => {
    const [problem = '', name = ''] = key.split(' ');
    const sides = rounds.map(({ before, between, after }) => sidesOf(before.get(key), between.get(key), after.get(key)));
    const medianOf = (value: (side: Sides) => number | readonly number[]): number => quantile(sides.flatMap(value), 0.5);
    return {
      problem,
      case: name,
      quietNs: medianOf(({ quiet }) => quiet.map(timeOf)),
      loadedNs: medianOf(({ loaded }) => loaded.map(timeOf)),
      moved: medianOf(({ quiet, loaded }) => ratioOf(loaded, quiet, timeOf) - 1),
      speedupMoved: medianOf(({ quiet, loaded }) => ratioOf(loaded, quiet, speedupOf) - 1),
      drift: sides.reduce((most, { drift }) => (Math.abs(drift) > Math.abs(most) ? drift : most), 0),
    };
  });

/** One case in one round. */
interface Sides {
  readonly quiet: readonly CaseTiming[];
  readonly loaded: readonly CaseTiming[];
  readonly drift: number;
}

const sidesOf = (
  before: readonly CaseTiming[] = [],
  loaded: readonly CaseTiming[] = [],
  after: readonly CaseTiming[] = [],
): Sides => ({
  quiet: [...before, ...after],
  loaded,
  drift: ratioOf(after, before, timeOf) - 1,
});

const timeOf = ({ candidate }: CaseTiming): number => candidate.medianNs;
const speedupOf = ({ speedup }: CaseTiming): number => speedup;

const ratioOf = (one: readonly CaseTiming[], other: readonly CaseTiming[], of: (timing: CaseTiming) => number): number =>
  quantile(one.map(of), 0.5) / quantile(other.map(of), 0.5);

const must = <Value>(value: Value | undefined): Value => {
  if (value === undefined) throw new Error('fewer GPUs or kernels than there were');
  return value;
};
