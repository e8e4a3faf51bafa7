/** How many devices of a class take work, as it was a moment ago: the fleet need not be asked for every verdict. */
import type { SweepJudging } from '../../domain/ports/kiln.ts';

const FRESH_MS = 2000;

export const createSlots = (
  judging: Pick<SweepJudging, 'fleet'>,
  monotonicMs: () => number,
): ((device: string) => Promise<number>) => {
  let seen: { readonly atMs: number; readonly byClass: ReadonlyMap<string, number> } | null = null;
  return async (device) => {
    if (seen === null || monotonicMs() - seen.atMs > FRESH_MS) {
      const devices = (await judging.fleet()).hosts.flatMap((host) => host.devices);
      const counts = Map.groupBy(devices, ({ class: name }) => name);
      seen = { atMs: monotonicMs(), byClass: new Map([...counts].map(([name, list]) => [name, list.length])) };
    }
    return seen.byClass.get(device) ?? 0;
  };
};
