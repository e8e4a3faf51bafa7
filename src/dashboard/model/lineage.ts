/** Generations of a campaign as trees: each candidate under the first of its parents. Pure. */
import type { Generation } from '../../domain/campaign/campaign.ts';

export interface LineageNode {
  readonly id: string;
  readonly speedup: number | null;
  readonly verdict: string;
  readonly move: string;
  readonly idea: string;
  readonly children: readonly LineageNode[];
}

type Judged = Generation & { readonly state: Extract<Generation['state'], { readonly status: 'judged' }> };
const isJudged = (generation: Generation): generation is Judged => generation.state.status === 'judged';

/** Deeper trees than a page can indent are cut; what is on `path` comes first among its siblings. */
const DEPTH_MAX = 60;

export const lineageOf = (generations: readonly Generation[], path: ReadonlySet<string>): readonly LineageNode[] => {
  const judged = new Map<string, Judged>();
  for (const generation of generations)
    if (isJudged(generation) && !judged.has(generation.state.candidateId)) judged.set(generation.state.candidateId, generation);
  const byParent = Map.groupBy<string, Judged>(judged.values(), ({ parents: [parent] }) =>
    parent !== undefined && judged.has(parent) ? parent : '',
  );
  const nodes = (parent: string, depth: number): readonly LineageNode[] =>
    depth > DEPTH_MAX
      ? []
      : (byParent.get(parent) ?? [])
          .map(({ state, move, idea }) => ({
            id: state.candidateId,
            speedup: state.speedup,
            verdict: state.verdict,
            move,
            idea,
            children: nodes(state.candidateId, depth + 1),
          }))
          .toSorted((a, b) => Number(path.has(b.id)) - Number(path.has(a.id)) || (b.speedup ?? 0) - (a.speedup ?? 0));
  return nodes('', 0);
};
