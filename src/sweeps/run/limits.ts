/** Whether a sweep asks for more, for how many points, and why not. Pure. */
import { SWEEP_POINTS_MAX } from '../../domain/sweep/sweep.ts';
import { grouped, seconds } from '../../domain/text/units.ts';
import { ranMsOf, type SweepRun } from './sweep-run.ts';

const REFUSED_MAX = 1000;
/** Points on their way at once: what learns wants few, and each device needs some that compile and some that wait. */
const LEARNING_PER_SLOT = 16;
const LEARNING_MIN = 16;
const LISTED_PER_SLOT = 64;
const LISTED_MIN = 64;
const RUNNING_MAX = 2000;

/** Why nothing more is asked for; null where something is. */
export const endOf = (run: SweepRun, monotonicMs: number): string | null => {
  const { budget, plateau } = run.record.spec;
  const { candidates, gpuSeconds, minutes } = budget;
  if (candidates !== undefined && run.asked >= candidates) return `its budget of ${grouped(candidates)} candidates is used up`;
  if (gpuSeconds !== undefined && run.gpuMs >= gpuSeconds * 1000)
    return `its budget of ${seconds(gpuSeconds)} of device time is used up`;
  if (minutes !== undefined && ranMsOf(run, monotonicMs) >= minutes * 60_000)
    return `its budget of ${minutes} minutes is used up`;
  if (plateau !== null && run.plateau.isFlat)
    return `the last ${grouped(plateau.points)} verdicts made the best no faster by ${Number((plateau.gain * 100).toPrecision(3))} %`;
  if (run.refusedInRow >= REFUSED_MAX)
    return `the last ${grouped(REFUSED_MAX)} points were plan or compile errors: kiln list --sweep ${run.record.id} says which`;
  if (run.asked >= SWEEP_POINTS_MAX) return `${grouped(SWEEP_POINTS_MAX)} points were tried, which is the limit of a sweep`;
  return run.isUsedUp ? usedUpText(run) : null;
};

/** A strategy looks for points within bounds: where conditions forbid nearly all of a large space, it may find none though some are left. */
const usedUpText = ({ record: { spec }, asked, space }: SweepRun): string => {
  if (spec.validPoints !== null && asked >= spec.validPoints) return 'every point of the space was tried';
  const left =
    spec.validPoints === null ? `of ${grouped(space.size)} points` : `of ${grouped(spec.validPoints)} that are allowed`;
  return `no further point that its conditions allow was found after ${grouped(asked)} ${left}: name axes with fewer values that are forbidden`;
};

/** How many points may be asked for now; 0 where it is better to wait for more room. `slots`: devices of its class. */
export const roomOf = (run: SweepRun, slots: number): number => {
  const { strategy, maxRunning, budget } = run.record.spec;
  const learns = strategy === 'evolve' || strategy === 'forest';
  const usual = learns ? Math.max(LEARNING_MIN, slots * LEARNING_PER_SLOT) : Math.max(LISTED_MIN, slots * LISTED_PER_SLOT);
  const running = maxRunning ?? Math.min(RUNNING_MAX, usual);
  const room = running - run.pending.size;
  // What does not learn goes in larger pieces: each is a few writes.
  if (room < (learns ? 1 : Math.ceil(running / 4))) return 0;
  return Math.max(0, Math.min(room, (budget.candidates ?? SWEEP_POINTS_MAX) - run.asked, SWEEP_POINTS_MAX - run.asked));
};
