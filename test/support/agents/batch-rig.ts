/** Campaigns whose questions go to a played service in batches, and what their tests say of them. */
import type { Generator } from '../../../src/agents/generator.ts';
import { batchPrices, microsOf, pricesOf } from '../../../src/agents/generators/prices.ts';
import type { CampaignView } from '../../../src/domain/api/campaigns.ts';
import type { Generation } from '../../../src/domain/campaign/campaign.ts';
import { claudeAt } from './claude-generator.ts';
import type { FakeBatch } from './fake-batches.ts';
import { type FakeMessagesApi, startFakeMessagesApi } from './fake-messages-api.ts';
import { type MessagesApiRig, messagesApiRig } from './messages-api-rig.ts';
import { candidateSource } from './scripted-generator.ts';

const MODEL = 'claude-sonnet-5-5';
export const USAGE = { input_tokens: 3000, cache_creation_input_tokens: 100, cache_read_input_tokens: 2000, output_tokens: 500 };
const PRICES = pricesOf(MODEL);

/** Every answer is a candidate of its own. */
const startAnswering = async (): Promise<FakeMessagesApi> =>
  startFakeMessagesApi(({ number }) => ({
    input: { language: 'cuda', idea: `answer ${number}`, source: candidateSource(number, `speedup ${1 + number / 1000}`) },
    usage: USAGE,
  }));

export interface BatchRig extends MessagesApiRig {
  readonly claude: () => Generator;
  /** The first batch of this campaign. */
  readonly batchOf: (id: string) => FakeBatch;
}

export const batchRig = (): BatchRig => {
  const service = messagesApiRig(startAnswering);
  return {
    get api() {
      return service.api;
    },
    claude: () => claudeAt(service.api.url, { model: MODEL, maxTokens: 1000 }),
    batchOf: (id) => {
      const found = service.api.batches.all.find(({ customIds }) => customIds[0]?.startsWith(id));
      if (!found) throw new Error(`${id} has sent no batch`);
      return found;
    },
  };
};

/** Batches are collected until the test sends them. */
export const collecting = () => {
  const held = new Set<() => void>();
  return {
    clock: {
      after: (_ms: number, act: () => void) => {
        held.add(act);
        return () => void held.delete(act);
      },
    },
    send: () => {
      for (const act of held) act();
    },
  };
};

export const BATCHED = { agents: 4, turns: 1, batches: true, budget: { candidates: 20, usd: 1 } };
export const priced = (tokens: typeof USAGE, isBatched: boolean): number => {
  if (!PRICES) throw new Error(`no prices for ${MODEL}`);
  const counts = {
    inputTokens: tokens.input_tokens,
    cacheWriteTokens: tokens.cache_creation_input_tokens,
    cacheReadTokens: tokens.cache_read_input_tokens,
    outputTokens: tokens.output_tokens,
  };
  return microsOf(counts, isBatched ? batchPrices(PRICES) : PRICES);
};
export const stepOf = ({ state }: Generation): string | undefined => (state.status === 'asked' ? state.batch?.step : undefined);
export const waiting = (count: number) => (view: { readonly batches?: readonly { readonly questions: number }[] | undefined }) =>
  (view.batches ?? []).reduce((sum, { questions }) => sum + questions, 0) === count;

/** The first questions have their verdicts, and so many of the others wait. */
export const only =
  (count: number, judged = 4) =>
  (view: CampaignView) =>
    view.generations.judged === judged && view.generations.asked === count && waiting(count)(view);
