/**
 * What the Messages API's models cost, US dollars per million tokens (which is millionths of a dollar per token), as the service's price list
 * at https://platform.claude.com/docs/en/about-claude/pricing was quoted in November 2026. Compare it with that page before money depends on it;
 * `agents.generators.NAME.prices` in kiln.yaml wins.
 */
import type { Usage } from '../../domain/campaign/campaign.ts';
import type { TokenPrices } from '../../domain/campaign/generator-settings.ts';
import { ownValue } from '../../platform/own-value.ts';

export interface PriceList extends TokenPrices {
  /** All tokens of a request cost these where its prompt, cached parts included, is longer than `aboveTokens`. */
  readonly long?: TokenPrices & { readonly aboveTokens: number };
}

const price = (input: number, output: number, cacheRead: number): TokenPrices => ({
  input,
  cacheWrite: input * 1.25,
  cacheRead,
  output,
});

const PRICES: Readonly<Record<string, PriceList>> = {
  'claude-fable-5-2': price(8, 40, 0.2),
  'claude-fable-5-1': price(10, 50, 0.25),
  'claude-fable-5': price(10, 50, 1),
  'claude-opus-5-5': price(4, 20, 0.2),
  'claude-opus-5': price(5, 25, 0.5),
  'claude-opus-4-8': price(5, 25, 0.5),
  'claude-opus-4-7': price(5, 25, 0.5),
  'claude-opus-4-6': price(5, 25, 0.5),
  'claude-opus-4-5': price(5, 25, 0.5),
  'claude-sonnet-5-5': price(2, 10, 0.1),
  'claude-sonnet-5': price(2, 10, 0.2),
  'claude-sonnet-4-6': price(3, 15, 0.3),
  'claude-sonnet-4-5': price(3, 15, 0.3),
  'claude-haiku-5-5': { ...price(0.1, 0.5, 0.01), long: { aboveTokens: 100_000, ...price(0.5, 2.5, 0.05) } },
  'claude-haiku-4-5': price(1, 5, 0.1),
};

/** Kept for an hour, what is written costs twice the input instead of one and a quarter. */
const HOUR_FACTOR = 2 / 1.25;

const hour = <Prices extends TokenPrices>(prices: Prices): Prices => ({ ...prices, cacheWrite: prices.cacheWrite * HOUR_FACTOR });

export const pricesFor = (model: string, cacheMinutes: 5 | 60): PriceList | null => {
  const list = pricesOf(model);
  if (list === null || cacheMinutes === 5) return list;
  const { long } = list;
  return { ...hour(list), ...(long === undefined ? {} : { long: hour(long) }) };
};

/** What a batch's tokens cost of the usual price, those written to the cache and read from it too. */
const BATCH_SHARE = 0.5;

export const batchPrices = ({ long, ...prices }: PriceList): PriceList => ({
  ...inBatch(prices),
  ...(long === undefined ? {} : { long: { aboveTokens: long.aboveTokens, ...inBatch(long) } }),
});

const inBatch = ({ input, cacheWrite, cacheRead, output }: TokenPrices): TokenPrices => ({
  input: BATCH_SHARE * input,
  cacheWrite: BATCH_SHARE * cacheWrite,
  cacheRead: BATCH_SHARE * cacheRead,
  output: BATCH_SHARE * output,
});

/** A model's name may end in its date ("-20251001"). Null: not on the list. */
export const pricesOf = (model: string): PriceList | null => ownValue(PRICES, model.replace(/-\d{8}$/u, '')) ?? null;

export type TokenCounts = Omit<Usage, 'micros'>;

export const NO_TOKENS: TokenCounts = { inputTokens: 0, cacheWriteTokens: 0, cacheReadTokens: 0, outputTokens: 0 };

/** Prices in billionths of a dollar are whole numbers: sums of them are exact. */
const PER_MICRO = 1e6;

/** Millionths of a US dollar, rounded up. */
export const microsOf = (tokens: TokenCounts, prices: PriceList): number => {
  const prompt = tokens.inputTokens + tokens.cacheWriteTokens + tokens.cacheReadTokens;
  const { input, cacheWrite, cacheRead, output } = prices.long && prompt > prices.long.aboveTokens ? prices.long : prices;
  const exact = (count: number, each: number): number => count * Math.round(each * PER_MICRO);
  const total =
    exact(tokens.inputTokens, input) +
    exact(tokens.cacheWriteTokens, cacheWrite) +
    exact(tokens.cacheReadTokens, cacheRead) +
    exact(tokens.outputTokens, output);
  return Math.ceil(total / PER_MICRO);
};

export const usageOf = (tokens: TokenCounts, prices: PriceList): Usage => ({ ...tokens, micros: microsOf(tokens, prices) });

export const costsMoney = (prices: PriceList): boolean =>
  [prices, ...(prices.long ? [prices.long] : [])].some((list) =>
    [list.input, list.cacheWrite, list.cacheRead, list.output].some((each) => each > 0),
  );

/** What a service adds to a prompt of its own: how tools are used, marks around messages. */
const OVERHEAD_TOKENS = 2000;

/** The most that a request can cost: a token is at least a byte of text, and none costs more than one that is written to the cache. */
export const mostMicros = (
  { promptBytes, maxTokens }: { readonly promptBytes: number; readonly maxTokens: number },
  prices: PriceList,
): number => {
  const promptTokens = promptBytes + OVERHEAD_TOKENS;
  const { input, cacheWrite, cacheRead } = prices;
  const kind =
    cacheWrite >= Math.max(input, cacheRead) ? 'cacheWriteTokens' : input >= cacheRead ? 'inputTokens' : 'cacheReadTokens';
  return microsOf({ ...NO_TOKENS, [kind]: promptTokens, outputTokens: maxTokens }, prices);
};
