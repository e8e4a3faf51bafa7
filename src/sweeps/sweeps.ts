/** Answers the server about sweeps, and runs them: the door of `src/sweeps`. */
import type { Logger } from 'pino';
import type { SweepView } from '../domain/api/sweeps.ts';
import { KilnError } from '../domain/errors.ts';
import type { SweepId } from '../domain/ids.ts';
import type { Kiln, SweepJudging } from '../domain/ports/kiln.ts';
import type { Sweeps, SweepStore } from '../domain/ports/sweeps.ts';
import { createSpace } from '../domain/sweep/space.ts';
import type { SweepRow, SweepStatus } from '../domain/sweep/sweep.ts';
import { createInTurn } from '../platform/in-turn.ts';
import { cancelPoints } from './cancel-points.ts';
import { newSweep } from './create-spec.ts';
import { createList } from './list.ts';
import { withMore } from './more-budget.ts';
import { resultsOf } from './results.ts';
import { createRunner } from './run/runner.ts';
import { viewOf } from './view.ts';

/** Sweeps with something to do at once; those that ended do not count. */
const OPEN_MAX = 256;

export interface SweepsDeps {
  readonly store: SweepStore;
  readonly judging: SweepJudging & Pick<Kiln, 'problem'>;
  readonly log: Logger;
  /** Milliseconds of a clock that only goes forward. Left out: the system's. */
  readonly monotonicMs?: () => number;
}

export interface RunningSweeps extends Sweeps {
  /** Sweeps that were running go on. */
  start(): Promise<void>;
  /** Idempotent; also before `start`. */
  close(): Promise<void>;
}

export const createSweeps = ({ store, judging, log, monotonicMs = () => performance.now() }: SweepsDeps): RunningSweeps => {
  const list = createList({ store, monotonicMs });
  const runner = createRunner({ store, judging, log, monotonicMs });
  const known = async (id: SweepId): Promise<SweepRow> => {
    const row = runner.runs.get(id)?.record ?? (await store.sweepRow(id));
    if (row) return row;
    throw new KilnError('NOT_FOUND', `there is no sweep ${id}; GET /v1/sweeps lists those there are`);
  };
  const view = async (id: SweepId): Promise<SweepView> =>
    viewOf(store, { row: await known(id), run: runner.runs.get(id) ?? null, nowMs: monotonicMs() });
  const reportedOf = async (id: SweepId): Promise<number> => (await store.sweepCounts(id)).byStatus['done'] ?? 0;
  const setStatus = async (row: SweepRow, status: SweepStatus, reason: string | null): Promise<void> => {
    if (row.status === 'finished' || row.status === 'cancelled') throw ended(row);
    const isCancelled = status === 'cancelled';
    const run = isCancelled && isBroken(row) ? null : await runner.open(row.id);
    if (run) await runner.change(run, { status, reason });
    else if (isCancelled && row.spec !== null) await store.updateSweep(row.id, { status, reason });
  };
  const turn = async (id: SweepId, status: SweepStatus, reason: string | null): Promise<SweepView> => {
    const row = await known(id);
    if (row.status !== status) await setStatus(row, status, reason);
    // Of one that is cancelled already too: a try that failed half way leaves points that wait.
    if (status === 'cancelled' && row.spec !== null) {
      // What is being submitted is there before the rest is cancelled.
      await runner.idle(id);
      await cancelPoints(id, { store, judging });
    }
    return view(id);
  };
  const extended = async (id: SweepId, more: Parameters<Sweeps['extend']>[1]): Promise<SweepView> => {
    const row = await known(id);
    if (row.status === 'cancelled' || row.spec === null) throw ended(row);
    const change = { spec: withMore(row.spec, more, await reportedOf(id)), ...(row.status === 'finished' ? GOES_ON : {}) };
    const run = runner.runs.get(id);
    if (run) await runner.change(run, change);
    else {
      await store.updateSweep(id, change);
      await runner.open(id);
    }
    return view(id);
  };
  // What people change of one sweep: two who extend it at once both have what they asked for.
  const inTurn = createInTurn<SweepId>();
  return {
    create: async (request) => {
      if (runner.runs.size >= OPEN_MAX)
        throw new KilnError('QUEUE_FULL', `${runner.runs.size} sweeps are open; the limit is ${OPEN_MAX}. Cancel one, or wait`);
      const sweep = await newSweep(request, judging);
      await store.createSweep(sweep);
      // Also one that is there already: a try that failed half way leaves it with nobody at it.
      if (!runner.runs.has(sweep.id) && isOpen(await known(sweep.id), false)) await runner.open(sweep.id);
      return view(sweep.id);
    },
    list: async () => ({ sweeps: await list() }),
    view,
    pause: async (id) => inTurn(id, async () => turn(id, 'paused', 'paused by a person')),
    resume: async (id) => inTurn(id, async () => turn(id, 'running', null)),
    cancel: async (id) => inTurn(id, async () => turn(id, 'cancelled', 'cancelled by a person')),
    extend: async (id, more) => inTurn(id, async () => extended(id, more)),
    results: async (id, query, signal) =>
      resultsOf(
        { id, query, signal },
        { store, news: runner.news, isOpen: async () => isOpen(await known(id), runner.runs.has(id)) },
      ),
    points: async (id, query) => {
      await known(id);
      const points = await store.sweepPoints(id, query);
      return { points, next: points.length < query.limit ? null : (points.at(-1)?.number ?? null) };
    },
    start: async () => {
      await runner.start();
      for (const id of await store.cancelledWithWork()) await cancelPoints(id, { store, judging });
    },
    close: async () => runner.stop(),
  };
};

/** Its space, stored by other rules than today's, is none: it can be cancelled, and not go on. */
const isBroken = ({ spec }: SweepRow): boolean => {
  try {
    if (spec) createSpace({ axes: spec.axes, where: spec.where, fixed: spec.fixed });
    return false;
  } catch (error) {
    if (error instanceof KilnError) return true;
    throw error;
  }
};

const GOES_ON = { status: 'running', reason: null } as const;

const isOpen = ({ status }: SweepRow, isRunning: boolean): boolean => isRunning || status === 'running' || status === 'paused';

const ended = ({ id, status }: SweepRow): KilnError =>
  new KilnError('SWEEP_ENDED', `sweep ${id} is ${status}; ${status === 'finished' ? 'extend it, or ' : ''}start another one`);
