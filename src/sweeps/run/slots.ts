/** How many devices of a class take work, as it was a moment ago: the fleet need not be asked for every verdict. */
import type { FleetView } from '../../domain/api/fleet.ts';
import type { SweepJudging } from '../../domain/ports/kiln.ts';

const FRESH_MS = 2000;

export const createSlots = (
  judging: Pick<SweepJudging, 'fleet'>,
  monotonicMs: () => number,
): ((device: string) => Promise<number>) => {
  let seen: { readonly atMs: number; readonly byClass: ReadonlyMap<string, number> } | null = null;
  return async (device) => {
    if (seen === null || monotonicMs() - seen.atMs > FRESH_MS)
      seen = { byClass: workingByClass(await judging.fleet()), atMs: monotonicMs() };
    return seen.byClass.get(device) ?? 0;
  };
};

const workingByClass = ({ hosts }: FleetView): ReadonlyMap<string, number> => {
  const connected = hosts.filter(({ state }) => state === 'connected').flatMap(({ devices }) => devices);
  const working = connected.filter(({ unavailable }) => unavailable === null);
  return new Map([...Map.groupBy(working, ({ class: name }) => name)].map(([name, list]) => [name, list.length]));
};
