/** What became of generations, by move, island or generator. Pure. */
import type { Generation } from '../../domain/campaign/campaign.ts';

export interface Group {
  readonly key: string;
  readonly judged: number;
  readonly passed: number;
  /** Faster than everything of the campaign before it, on its problem and device. */
  readonly improved: number;
  readonly records: number;
  readonly best: number | null;
}

/** In the order of how often they are; `generations` come by number. */
export const tallyBy = (generations: readonly Generation[], keyOf: (generation: Generation) => string): readonly Group[] => {
  const groups = new Map<string, Group>();
  const bestOf = new Map<string, number>();
  for (const generation of generations) {
    const { state, problem, device } = generation;
    if (state.status !== 'judged') continue;
    const key = keyOf(generation);
    const before = groups.get(key) ?? { key, judged: 0, passed: 0, improved: 0, records: 0, best: null };
    const target = `${problem} ${device}`;
    const speedup = state.speedup ?? 0;
    const isBetter = speedup > (bestOf.get(target) ?? 0);
    if (isBetter) bestOf.set(target, speedup);
    groups.set(key, {
      key,
      judged: before.judged + 1,
      passed: before.passed + Number(state.verdict === 'passed'),
      improved: before.improved + Number(isBetter),
      records: before.records + Number(state.isRecord),
      best: state.speedup === null ? before.best : Math.max(before.best ?? 0, speedup),
    });
  }
  return [...groups.values()].toSorted((a, b) => b.judged - a.judged);
};
