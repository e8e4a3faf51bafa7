/** What a report counts over all generations, and the few of them that it shows. Pure. */
import type { CampaignView } from '../../domain/api/campaigns.ts';
import type { Generation } from '../../domain/campaign/campaign.ts';
import type { CandidateId } from '../../domain/ids.ts';
import { isJudged } from './progress.ts';

/** Of what one generator wrote. */
export interface GeneratorTotals {
  readonly asked: number;
  readonly judged: number;
  readonly passed: number;
  /** Null until one passed. */
  readonly best: number | null;
  readonly outputTokens: number;
  readonly micros: number;
  readonly deviceMs: number;
}

export interface Totals {
  readonly generations: number;
  /** Milliseconds from the campaign's creation to the last thing that happened in it. */
  readonly lengthMs: number;
  /** Device time of its candidates, milliseconds. */
  readonly deviceMs: number;
  /** Candidates that could not come near the front of their ranking. */
  readonly stoppedEarly: number;
  /** Starting points are nobody's. */
  readonly byGenerator: ReadonlyMap<string, GeneratorTotals>;
  /** What the newest failure of each kind said. */
  readonly lastMessages: ReadonlyMap<string, string>;
  /** Of the candidates in the lineages of the best: the first that wrote each. */
  readonly ancestors: ReadonlyMap<CandidateId, Generation>;
}

export interface TotalsReader {
  add(generation: Generation): void;
  read(): Totals;
}

const NOTHING: GeneratorTotals = { asked: 0, judged: 0, passed: 0, best: null, outputTokens: 0, micros: 0, deviceMs: 0 };

export const createTotals = (view: CampaignView): TotalsReader => {
  const wanted = new Set(view.best.flatMap(({ best }) => best?.lineage ?? []));
  const byGenerator = new Map<string, GeneratorTotals>();
  const failures = new Map<string, { readonly number: number; readonly message: string }>();
  const ancestors = new Map<CandidateId, Generation>();
  let [generations, deviceMs, stoppedEarly, last] = [0, 0, 0, view.updatedAt];

  const keepAncestor = (generation: Generation): void => {
    if (!isJudged(generation) || !wanted.has(generation.state.candidateId)) return;
    const known = ancestors.get(generation.state.candidateId);
    if (!known || known.number > generation.number) ancestors.set(generation.state.candidateId, generation);
  };

  return {
    add: (generation) => {
      const { number, state, generator, move, updatedAt } = generation;
      generations += 1;
      deviceMs += deviceMsOf(generation);
      if (isJudged(generation) && generation.state.stoppedEarly) stoppedEarly += 1;
      last = updatedAt > last ? updatedAt : last;
      keepAncestor(generation);
      if (move !== 'seed') byGenerator.set(generator, withOne(byGenerator.get(generator) ?? NOTHING, generation));
      if (state.status !== 'failed' || number < (failures.get(state.failure)?.number ?? 0)) return;
      failures.set(state.failure, { number, message: state.message });
    },
    read: () => ({
      generations,
      lengthMs: Math.max(0, Date.parse(last) - Date.parse(view.createdAt)),
      deviceMs,
      stoppedEarly,
      byGenerator,
      lastMessages: new Map([...failures].map(([failure, { message }]) => [failure, message])),
      ancestors,
    }),
  };
};

const deviceMsOf = ({ state }: Generation): number => (state.status === 'judged' ? state.deviceMs : 0);

const withOne = (totals: GeneratorTotals, generation: Generation): GeneratorTotals => {
  const { state, usage } = generation;
  const speedup = state.status === 'judged' ? state.speedup : null;
  return {
    asked: totals.asked + 1,
    judged: totals.judged + (state.status === 'judged' ? 1 : 0),
    passed: totals.passed + (speedup === null ? 0 : 1),
    best: speedup === null ? totals.best : Math.max(totals.best ?? 0, speedup),
    outputTokens: totals.outputTokens + usage.outputTokens,
    micros: totals.micros + usage.micros,
    deviceMs: totals.deviceMs + deviceMsOf(generation),
  };
};
