/** One whole campaign of a policy, the real one, over an engine and a model that are simulated. */
import { pino } from 'pino';
import { type AgentCampaigns, createCampaigns } from '../../../src/agents/campaigns.ts';
import type { Generator } from '../../../src/agents/generator.ts';
import { createEvolve } from '../../../src/agents/generators/evolve.ts';
import { CreateCampaign } from '../../../src/domain/api/campaigns.ts';
import type { Generation } from '../../../src/domain/campaign/campaign.ts';
import type { CampaignId } from '../../../src/domain/ids.ts';
import type { Bank } from './bank.ts';
import { createBankJudging } from './bank-judging.ts';
import { createMemoryStore } from './memory-store.ts';
import type { Policy } from './policies.ts';
import { createSimulatedModel } from './simulated-model.ts';

export const CANDIDATES_MAX = 400;
/** Beyond what any of them spends. */
const DOLLARS_MAX = 40;
const WITHIN = 0.98;
export const AGENTS = 8;
const POLL_MS = 20;

export interface Reached {
  readonly candidates: number;
  readonly dollars: number;
  readonly isThere: boolean;
}

/** Over an engine that knows the banks. */
export const campaignsOver = (banks: readonly Bank[], generators: readonly Generator[], model: Generator) => {
  const store = createMemoryStore();
  const campaigns = createCampaigns({
    store,
    judging: createBankJudging(banks),
    generators: { all: generators, byName: new Map(generators.map((one) => [one.name, one])), default: model },
    settings: { queueSeconds: 5, thinkingMax: AGENTS },
    log: pino({ level: 'silent' }),
    now: Date.now,
  });
  return { store, campaigns };
};

export const runPolicy = async (policy: Policy, bank: Bank, seed: number): Promise<readonly Generation[]> => {
  const model = createSimulatedModel([bank], { ...policy, seed, isPaid: false });
  const generators: readonly Generator[] = policy.tunes ? [model, createEvolve()] : [model];
  const { store, campaigns } = campaignsOver([bank], generators, model);
  await campaigns.start();
  // Another campaign, of another seed: its candidates are known to the engine then, and what it came to is told in words.
  if (policy.recalls) await runOne(campaigns, { policy, bank, seed: seed + EARLIER });
  const id = await runOne(campaigns, { policy, bank, seed });
  const generations = await store.generations(id, { after: 0, limit: 10 * CANDIDATES_MAX });
  await campaigns.close();
  return generations;
};

/** Seeds of earlier campaigns. */
const EARLIER = 100_000;

interface One {
  readonly policy: Policy;
  readonly bank: Bank;
  readonly seed: number;
}

const runOne = async (campaigns: AgentCampaigns, { policy, bank, seed }: One): Promise<CampaignId> => {
  const { id } = await campaigns.create(
    CreateCampaign.parse({
      problems: [bank.problem],
      devices: ['cpu'],
      agents: AGENTS,
      seed,
      generators: [{ name: 'model' }],
      start: { seeds: 'none', sources: [{ problem: bank.problem, language: 'c', source: bank.base }] },
      budget: { candidates: CANDIDATES_MAX, usd: DOLLARS_MAX },
      ...policy.spec,
    }),
  );
  let ended = await campaigns.view(id);
  const isThere = (view: typeof ended): boolean => (view.best[0]?.best?.speedup ?? 0) >= WITHIN * bank.best;
  while (ended.status === 'running' && !isThere(ended)) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    ended = await campaigns.view(id);
  }
  if (ended.status === 'running') await campaigns.stop(id);
  return id;
};

/** In the order in which they were asked. Whoever never came there counts with all that it spent. */
export const reachedIn = (generations: readonly Generation[], bank: Bank): Reached => {
  let [candidates, micros] = [0, 0];
  for (const { state, usage } of generations) {
    micros += usage.micros;
    if (state.status !== 'judged') continue;
    candidates += 1;
    if ((state.speedup ?? 0) >= WITHIN * bank.best) return { candidates, dollars: micros / 1e6, isThere: true };
  }
  return { candidates, dollars: micros / 1e6, isThere: false };
};
