/**
 * Search policies of campaigns against one another: node bench/search/policies/main.ts [SEEDS [POLICY,…]]. Whole campaigns, the real ones, over an engine and a model that are simulated; no device, no
 * service, no key. Prints Markdown: candidates and dollars until within 2 % of the best that the bank holds.
 */
import { pino } from 'pino';
import { createCampaigns } from '../../../src/agents/campaigns.ts';
import type { Generator } from '../../../src/agents/generator.ts';
import { createEvolve } from '../../../src/agents/generators/evolve.ts';
import { CreateCampaign } from '../../../src/domain/api/campaigns.ts';
import type { GenerationContext } from '../../../src/domain/campaign/generation-context.ts';
import { table } from '../../markdown.ts';
import { bankOf, type Bank } from './bank.ts';
import { createBankJudging } from './bank-judging.ts';
import { createMemoryStore } from './memory-store.ts';
import { createSimulatedModel } from './simulated-model.ts';

const SEEDS = Number(process.argv[2] ?? 50);
const PROBLEMS = ['rmsnorm', 'softmax'];
const CANDIDATES_MAX = 400;
const WITHIN = 0.98;
const AGENTS = 8;

interface Policy {
  readonly name: string;
  readonly turns: number;
  readonly tunes: boolean;
  readonly shown: (context: GenerationContext) => GenerationContext;
}

/** As agents were told before: their own last attempts that were judged, and nothing of anybody else's. */
const before = (context: GenerationContext): GenerationContext => ({
  ...context,
  memory: [],
  elsewhere: [],
  turns: [],
  attempts: context.attempts.filter(({ verdict }) => verdict !== null),
});
const whole = (context: GenerationContext): GenerationContext => context;
const POLICIES: readonly Policy[] = [
  { name: 'before', turns: 1, tunes: false, shown: before },
  { name: 'turns', turns: 4, tunes: false, shown: (context) => ({ ...before(context), turns: context.turns }) },
  { name: 'memory', turns: 1, tunes: false, shown: whole },
  { name: 'params', turns: 1, tunes: true, shown: before },
  { name: 'all', turns: 4, tunes: true, shown: whole },
];

interface Reached {
  readonly candidates: number;
  readonly dollars: number;
}

const run = async (policy: Policy, bank: Bank, seed: number): Promise<Reached> => {
  const model = createSimulatedModel(bank, { seed, shown: policy.shown, isPaid: false });
  const generators: readonly Generator[] = policy.tunes ? [model, createEvolve()] : [model];
  const store = createMemoryStore();
  const campaigns = createCampaigns({
    store,
    judging: createBankJudging(bank),
    generators: { all: generators, byName: new Map(generators.map((one) => [one.name, one])), default: model },
    settings: { queueSeconds: 5, thinkingMax: AGENTS },
    log: pino({ level: 'silent' }),
    now: Date.now,
  });
  await campaigns.start();
  const { id } = await campaigns.create(
    CreateCampaign.parse({
      problems: [bank.problem],
      devices: ['cpu'],
      agents: AGENTS,
      seed,
      turns: policy.turns,
      generators: [{ name: 'model' }],
      start: { seeds: 'none', sources: [{ problem: bank.problem, language: 'c', source: bank.base }] },
      budget: { candidates: CANDIDATES_MAX },
    }),
  );
  let ended = await campaigns.view(id);
  const isThere = (view: typeof ended): boolean => (view.best[0]?.best?.speedup ?? 0) >= WITHIN * bank.best;
  while (ended.status === 'running' && !isThere(ended)) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    ended = await campaigns.view(id);
  }
  if (ended.status === 'running') await campaigns.stop(id);
  const generations = await store.generations(id, { after: 0, limit: 10 * CANDIDATES_MAX });
  await campaigns.close();
  return reachedIn(generations, bank);
};

const POLL_MS = 20;

type Generations = Awaited<ReturnType<ReturnType<typeof createMemoryStore>['generations']>>;

/** In the order in which they were asked. Whoever never came there counts with all that it spent. */
const reachedIn = (generations: Generations, bank: Bank): Reached => {
  let [candidates, micros] = [0, 0];
  for (const { state, usage } of generations) {
    micros += usage.micros;
    if (state.status !== 'judged') continue;
    candidates += 1;
    if ((state.speedup ?? 0) >= WITHIN * bank.best) break;
  }
  return { candidates, dollars: micros / 1e6 };
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const rows: string[][] = [];
const wanted = process.argv[3]?.split(',') ?? POLICIES.map(({ name }) => name);
for (const problem of PROBLEMS) {
  for (const policy of POLICIES.filter(({ name }) => wanted.includes(name))) {
    const reached: Reached[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) reached.push(await run(policy, bankOf(problem, seed), seed));
    const there = reached.filter(({ candidates }) => candidates < CANDIDATES_MAX).length;
    rows.push([
      problem,
      policy.name,
      String(median(reached.map(({ candidates }) => candidates))),
      `$${median(reached.map(({ dollars }) => dollars)).toFixed(2)}`,
      `${there} of ${SEEDS}`,
    ]);
    process.stderr.write(`${rows.at(-1)?.join('  ')}\n`);
  }
}
process.stdout.write(`${table(['problem', 'policy', 'candidates', 'dollars', 'came there'], rows)}\n`);
