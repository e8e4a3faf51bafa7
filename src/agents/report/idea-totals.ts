/** What diagnoses proposed, by kind, and what became of it. Pure. */
import type { Generation } from '../../domain/campaign/campaign.ts';

export interface IdeaTotals {
  readonly proposed: number;
  readonly refused: number;
  readonly written: number;
  readonly passed: number;
  /** Null until one passed. */
  readonly best: number | null;
}

export interface DiagnosisTotals {
  readonly bottlenecks: ReadonlyMap<string, number>;
  /** By the tag of a proposal. */
  readonly ideas: ReadonlyMap<string, IdeaTotals>;
}

const NOTHING: IdeaTotals = { proposed: 0, refused: 0, written: 0, passed: 0, best: null };

/** In any order: what became of a proposal may be read before the proposal. */
export const createIdeaTotals = (): { add(generation: Generation): void; read(): DiagnosisTotals } => {
  const bottlenecks = new Map<string, number>();
  /** By the diagnosis's number and the proposal's index. */
  const proposed = new Map<string, { readonly tag: string; readonly isRefused: boolean }>();
  const speedups = new Map<string, readonly (number | null)[]>();

  return {
    add: ({ number, state, proposal }) => {
      if (state.status === 'diagnosed') {
        const { diagnosis, refused } = state;
        bottlenecks.set(diagnosis.bottleneck, (bottlenecks.get(diagnosis.bottleneck) ?? 0) + 1);
        for (const [index, { tag }] of diagnosis.proposals.entries())
          proposed.set(`${number}.${index}`, { tag, isRefused: refused.some((one) => one.index === index) });
      }
      if (!proposal || state.status !== 'judged') return;
      const key = `${proposal.of}.${proposal.index}`;
      speedups.set(key, [...(speedups.get(key) ?? []), state.speedup]);
    },
    read: () => ({ bottlenecks, ideas: ideasOf(proposed, speedups) }),
  };
};

const ideasOf = (
  proposed: ReadonlyMap<string, { readonly tag: string; readonly isRefused: boolean }>,
  speedups: ReadonlyMap<string, readonly (number | null)[]>,
): ReadonlyMap<string, IdeaTotals> => {
  const ideas = new Map<string, IdeaTotals>();
  for (const [key, { tag, isRefused }] of proposed) {
    const before = ideas.get(tag) ?? NOTHING;
    const tries = speedups.get(key) ?? [];
    const passed = tries.filter((speedup) => speedup !== null);
    ideas.set(tag, {
      proposed: before.proposed + 1,
      refused: before.refused + (isRefused ? 1 : 0),
      written: before.written + tries.length,
      passed: before.passed + passed.length,
      best: passed.length === 0 ? before.best : Math.max(before.best ?? 0, ...passed),
    });
  }
  return ideas;
};
