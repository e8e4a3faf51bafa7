/** A neighbour at work: candidates without end, each new to the compilers, and each judged on the neighbour's GPU once it is compiled. */
import type { Device } from '../../../src/domain/device.ts';
import type { LoadedProblem } from '../../../src/problems/load-problems.ts';
import { sweepOnly } from '../rate/candidates.ts';
import type { RateCandidate } from '../rate/candidates.ts';
import type { Runner, Work } from './runner.ts';

/** Units asked for at once, for each compile slot: every worker has one, and the next is there when it is done. */
const ASKED_PER_SLOT = 2;
/** Waiting at the GPU; what is compiled beyond that is compiled for the load alone. */
const JUDGING_MAX = 4;
const POINTS = 1000;
const UNITS_MAX = 20_000;

export interface Load {
  /** Every compile worker has had work. */
  readonly full: Promise<void>;
  /** Resolves when nothing of it runs any more. Rejects with the first thing that failed. */
  stop(): Promise<LoadFigures>;
}

export interface LoadFigures {
  readonly compiled: number;
  readonly judged: number;
  readonly seconds: number;
}

/** `gpu`: the neighbour's; without one the candidates are only compiled. */
export const startLoad = (runner: Runner, gpu: Device | undefined, loaded: LoadedProblem): Load => {
  const points = sweepOnly(POINTS, 0);
  const width = ASKED_PER_SLOT * runner.inventory.compileSlots;
  const startedMs = performance.now();
  const full = Promise.withResolvers<void>();
  const state = { isOn: true, asked: 0, compiled: 0, judged: 0 };
  const judgements = new Set<Promise<void>>();

  const judge = async (device: Device, work: Work): Promise<void> => {
    await runner.judge(device, work);
    state.judged += 1;
  };
  const keepCompiling = async (): Promise<void> => {
    while (state.isOn && state.asked < UNITS_MAX) {
      const work = await runner.prepare(loaded, freshPoint(points, (state.asked += 1)));
      state.compiled += 1;
      if (state.compiled >= width) full.resolve();
      if (!gpu || judgements.size >= JUDGING_MAX) continue;
      const judgement = judge(gpu, work).finally(() => judgements.delete(judgement));
      judgement.catch((error: unknown) => full.reject(error));
      judgements.add(judgement);
    }
  };
  const compiling = Promise.all(Array.from({ length: width }, keepCompiling));
  compiling.catch((error: unknown) => full.reject(error));
  // Heard of by whoever waits for it, and by `stop`.
  full.promise.catch(() => undefined);

  return {
    full: full.promise,
    stop: async () => {
      const { compiled, judged } = state;
      const seconds = (performance.now() - startedMs) / 1000;
      state.isOn = false;
      await compiling;
      await Promise.all(judgements);
      return { compiled, judged, seconds };
    },
  };
};

/** With a comment of its own: content that no cache knows. */
const freshPoint = (points: readonly RateCandidate[], number: number): RateCandidate => {
  const point = points[number % points.length];
  if (!point) throw new Error('the sweep is empty');
  return { ...point, source: `${point.source}\n// ${number}\n` };
};
