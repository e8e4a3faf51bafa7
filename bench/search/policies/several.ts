/**
 * Campaigns over several problems with one budget: node bench/search/policies/several.ts [SEEDS]. Whole campaigns, the real ones, over an engine and a model that are simulated (as main.ts). Prints Markdown: how near
 * to the best that there is a campaign comes, as the geometric mean over its problems, after so many candidates, with its questions in turn and by what was earned.
 */
import { createEvolve } from '../../../src/agents/generators/evolve.ts';
import { CreateCampaign } from '../../../src/domain/api/campaigns.ts';
import type { Generation } from '../../../src/domain/campaign/campaign.ts';
import { count } from '../../count.ts';
import { table } from '../../markdown.ts';
import { quantile } from '../../quantile.ts';
import { type Bank, bankOf } from './bank.ts';
import { AGENTS, campaignsOver } from './run-policy.ts';
import { createSimulatedModel } from './simulated-model.ts';

const SEEDS = count('SEEDS', process.argv[2] ?? '50', 10_000);
const AT_ONCE = 24;
const POLL_MS = 20;
const CANDIDATES = 240;
const DOLLARS = 40;
const LOOKS = [60, 120, 240];
const NEAR = 0.95;

/** Exponents on what ideas gain, by problem. */
const SETTINGS = [
  { name: 'one of three has next to nothing left', worths: { rmsnorm: 1, softmax: 1, vector_add: 0.1 } },
  { name: 'two of three have next to nothing left', worths: { rmsnorm: 1, softmax: 0.1, vector_add: 0.1 } },
  { name: 'much is left on each', worths: { rmsnorm: 1, softmax: 1, vector_add: 1 } },
] as const;
const POLICIES = ['even', 'learned'] as const;

const banksOf = (worths: Readonly<Record<string, number>>, seed: number): readonly Bank[] =>
  Object.entries(worths).map(([problem, worth], index) => bankOf(problem, seed * 10 + index, { worth }));

const run = async (banks: readonly Bank[], targets: (typeof POLICIES)[number], seed: number): Promise<readonly Generation[]> => {
  const model = createSimulatedModel(banks, { seed, shown: (context) => context, isPaid: false, diagnoses: false });
  const { store, campaigns } = campaignsOver(banks, [model, createEvolve()], model);
  await campaigns.start();
  const { id } = await campaigns.create(
    CreateCampaign.parse({
      problems: banks.map(({ problem }) => problem),
      devices: ['cpu'],
      agents: AGENTS,
      seed,
      targets,
      generators: [{ name: 'model' }],
      start: { seeds: 'none', sources: banks.map(({ problem, base }) => ({ problem, language: 'c', source: base })) },
      budget: { candidates: CANDIDATES, usd: DOLLARS },
    }),
  );
  while ((await campaigns.view(id)).status === 'running') await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  const generations = await store.generations(id, { after: 0, limit: 20 * CANDIDATES });
  await campaigns.close();
  return generations;
};

interface Reached {
  /** Geometric means after so many candidates, in the order in which they were asked for. */
  readonly shares: readonly number[];
  /** Candidates and dollars until NEAR; one that did not come there counts with all that it spent. */
  readonly candidates: number;
  readonly dollars: number;
  /** Of the questions, by problem. */
  readonly asked: Readonly<Record<string, number>>;
}

const reachedIn = (generations: readonly Generation[], banks: readonly Bank[]): Reached => {
  const best = new Map(banks.map(({ problem, best: most }) => [problem, { most, own: 1 }]));
  const share = (): number =>
    Math.exp([...best.values()].reduce((sum, { most, own }) => sum + Math.log(own / most), 0) / best.size);
  const shares: number[] = [];
  let [candidates, micros] = [0, 0];
  let near: { candidates: number; dollars: number } | null = null;
  const asked: Record<string, number> = {};
  for (const { problem, move, state, usage } of generations) {
    micros += usage.micros;
    if (move !== 'seed') asked[problem] = (asked[problem] ?? 0) + 1;
    if (state.status !== 'judged') continue;
    candidates += 1;
    const one = best.get(problem);
    if (one) one.own = Math.max(one.own, state.speedup ?? 0);
    if (LOOKS.includes(candidates)) shares.push(share());
    if (near === null && share() >= NEAR) near = { candidates, dollars: micros / 1e6 };
  }
  while (shares.length < LOOKS.length) shares.push(share());
  return { shares, asked, ...(near ?? { candidates, dollars: micros / 1e6 }) };
};

const median = (values: readonly number[]): number => quantile(values, 0.5);

const rows: string[][] = [];
for (const { name, worths } of SETTINGS) {
  for (const policy of POLICIES) {
    const reached: Reached[] = [];
    for (let from = 1; from <= SEEDS; from += AT_ONCE) {
      const seeds = Array.from({ length: Math.min(AT_ONCE, SEEDS - from + 1) }, (_, index) => from + index);
      const banks = seeds.map((seed) => banksOf(worths, seed));
      const ran = await Promise.all(seeds.map(async (seed, index) => run(banks[index] ?? [], policy, seed)));
      reached.push(...ran.map((generations, index) => reachedIn(generations, banks[index] ?? [])));
    }
    const all = (problem: string): number => reached.reduce((sum, { asked }) => sum + (asked[problem] ?? 0), 0);
    const total = Object.keys(worths).reduce((sum, problem) => sum + all(problem), 0);
    rows.push([
      name,
      policy,
      ...LOOKS.map((_, index) => `${(100 * median(reached.map(({ shares }) => shares[index] ?? 0))).toFixed(1)} %`),
      String(median(reached.map(({ candidates }) => candidates))),
      `$${median(reached.map(({ dollars }) => dollars)).toFixed(2)}`,
      Object.keys(worths)
        .map((problem) => `${problem} ${((100 * all(problem)) / total).toFixed(0)} %`)
        .join(', '),
    ]);
    process.stderr.write(`${rows.at(-1)?.join('  ')}\n`);
  }
}
const titles = [
  'problems',
  'targets',
  ...LOOKS.map((look) => `after ${look}`),
  `candidates to ${100 * NEAR} %`,
  'dollars',
  'questions',
];
process.stdout.write(`${table(titles, rows)}\n`);
