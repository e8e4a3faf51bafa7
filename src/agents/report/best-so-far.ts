/** How the best speed-up of each problem and device grew. Pure. */
import type { Generation } from '../../domain/campaign.ts';
import type { ReportInput } from './report-input.ts';

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

/** In the order of the campaign's targets; one without a candidate that passed has no improvements. */
export const bestSoFar = ({ view, generations }: ReportInput): readonly Series[] => {
  const startMs = Date.parse(view.createdAt);
  const judged = generations.filter(isJudged).toSorted((a, b) => compare(a.updatedAt, b.updatedAt) || a.number - b.number);
  const byTarget = Map.groupBy(judged, ({ problem, device }) => targetOf(problem, device));
  return view.best.map(({ problem, device }) => ({
    problem,
    device,
    improvements: improvementsOf(byTarget.get(targetOf(problem, device)) ?? [], startMs),
  }));
};

/** Milliseconds from the campaign's creation to the last thing that happened in it. */
export const lengthMs = ({ view, generations }: ReportInput): number => {
  const last = generations.reduce((latest, { updatedAt }) => (updatedAt > latest ? updatedAt : latest), view.updatedAt);
  return Math.max(0, Date.parse(last) - Date.parse(view.createdAt));
};

const improvementsOf = (judged: readonly Judged[], startMs: number): readonly Improvement[] => {
  const improvements: Improvement[] = [];
  let best = 0;
  for (const [index, generation] of judged.entries()) {
    const { speedup } = generation.state;
    if (speedup === null || speedup <= best) continue;
    best = speedup;
    improvements.push({ atMs: Math.max(0, Date.parse(generation.updatedAt) - startMs), speedup, generation, judged: index + 1 });
  }
  return improvements;
};

const targetOf = (problem: string, device: string): string => JSON.stringify([problem, device]);

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
