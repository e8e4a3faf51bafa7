/**
 * The last sweeps, in a line each. To count what the points of one came to takes its time, on the daemon's own thread where the store is embedded, and people
 * look every few seconds: it is asked for one sweep after the other, and remembered for a while.
 */
import type { SweepList } from '../domain/api/sweeps.ts';
import type { SweepId } from '../domain/ids.ts';
import type { SweepStore, SweepTally } from '../domain/ports/sweeps.ts';
import { plannedPoints, type SweepRow, type SweepStatus } from '../domain/sweep/sweep.ts';
import { BoundedMap } from '../platform/bounded-map.ts';

const SHOWN = 200;
/** A verdict more or less in a list of sweeps is seen a moment later. */
const FRESH_MS = 1000;
/** Where each point has its verdict: only one that is taken back changes it then. */
const OVER_FRESH_MS = 60_000;

interface ListDeps {
  readonly store: Pick<SweepStore, 'lastSweeps' | 'sweepTally'>;
  readonly monotonicMs: () => number;
}

interface Remembered {
  readonly status: SweepStatus;
  readonly tally: SweepTally;
  readonly untilMs: number;
}

export const createList = ({ store, monotonicMs }: ListDeps): (() => Promise<SweepList['sweeps']>) => {
  const remembered = new BoundedMap<SweepId, Remembered>(SHOWN);
  const tallyOf = async ({ id, status }: SweepRow): Promise<SweepTally> => {
    const known = remembered.get(id);
    if (known?.status === status && monotonicMs() < known.untilMs) return known.tally;
    const tally = await store.sweepTally(id);
    const isOver = (status === 'finished' || status === 'cancelled') && tally.done === tally.asked;
    remembered.set(id, { status, tally, untilMs: monotonicMs() + (isOver ? OVER_FRESH_MS : FRESH_MS) });
    return tally;
  };
  return async () => {
    const lines: SweepList['sweeps'] = [];
    for (const row of await store.lastSweeps(SHOWN)) lines.push(lineOf(row, await tallyOf(row)));
    return lines;
  };
};

const lineOf = (
  { id, problem, device, submitter, status, reason, createdAt, spec }: SweepRow,
  tally: SweepTally,
): SweepList['sweeps'][number] => ({
  id,
  name: spec?.name ?? '',
  problem,
  device,
  submitter,
  strategy: spec?.strategy ?? null,
  status,
  reason,
  createdAt,
  size: spec === null ? tally.asked : plannedPoints(spec),
  ...tally,
});
