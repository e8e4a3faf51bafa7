/** How the best speed-up of each problem and device grew. Pure. */
import type { CampaignView } from '../../domain/api/campaigns.ts';
import type { Generation } from '../../domain/campaign/campaign.ts';

export interface Improvement {
  /** Since the campaign was created, milliseconds. */
  readonly atMs: number;
  readonly speedup: number;
  readonly generation: Generation;
  /** Candidates of this problem and device that were judged until then, this one included. */
  readonly judged: number;
}

export interface Series {
  readonly problem: string;
  readonly device: string;
  readonly improvements: readonly Improvement[];
}

type Judged = Generation & { readonly state: Extract<Generation['state'], { status: 'judged' }> };
export const isJudged = (generation: Generation): generation is Judged => generation.state.status === 'judged';

export interface Progress {
  /** In any order. */
  add(generation: Generation): void;
  series(): readonly Series[];
}

/** When something happened, and in what order where it happened at once. */
interface Moment {
  readonly ms: number;
  readonly number: number;
}

interface Step {
  readonly at: Moment;
  readonly speedup: number;
  readonly generation: Judged;
}

interface Line {
  /** Of every candidate that was judged: two numbers each. */
  readonly judged: Moment[];
  /** Those that none before was as fast as, oldest first: of generations in any order, the improvements. */
  front: readonly Step[];
}

export const createProgress = ({ createdAt, best }: CampaignView): Progress => {
  const startMs = Date.parse(createdAt);
  const lines = new Map<string, Line>();

  const add = (generation: Generation): void => {
    if (!isJudged(generation)) return;
    const key = targetOf(generation);
    const line = lines.get(key) ?? { judged: [], front: [] };
    lines.set(key, line);
    const at = { ms: Date.parse(generation.updatedAt), number: generation.number };
    line.judged.push(at);
    const { speedup, stoppedEarly } = generation.state;
    // An estimate is no improvement.
    if (speedup !== null && !stoppedEarly) line.front = withStep(line.front, { at, speedup, generation });
  };

  return {
    add,
    series: () =>
      best.map(({ problem, device }) => {
        const line = lines.get(targetOf({ problem, device }));
        return { problem, device, improvements: line ? improvementsOf(line, startMs) : [] };
      }),
  };
};

const targetOf = ({ problem, device }: { readonly problem: string; readonly device: string }): string =>
  JSON.stringify([problem, device]);

const compare = (a: Moment, b: Moment): number => a.ms - b.ms || a.number - b.number;

const withStep = (front: readonly Step[], step: Step): readonly Step[] => {
  const before = front.filter(({ at }) => compare(at, step.at) <= 0);
  const last = before.at(-1);
  if (last && last.speedup >= step.speedup) return front;
  return [...before, step, ...front.slice(before.length).filter(({ speedup }) => speedup > step.speedup)];
};

const improvementsOf = ({ judged, front }: Line, startMs: number): readonly Improvement[] => {
  const improvements: Improvement[] = [];
  const inOrder = judged.toSorted(compare);
  let seen = 0;
  for (const { at, speedup, generation } of front) {
    while (seen < inOrder.length && compare(inOrder[seen] ?? at, at) <= 0) seen += 1;
    improvements.push({ atMs: Math.max(0, at.ms - startMs), speedup, generation, judged: seen });
  }
  return improvements;
};
