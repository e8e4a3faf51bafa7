import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  batchPrices,
  microsOf,
  mostMicros,
  NO_TOKENS,
  type PriceList,
  pricesOf,
} from '../../../../src/agents/generators/prices.ts';
import { ClaudeSettings } from '../../../../src/domain/campaign/generator-settings.ts';

const SONNET = pricesOf('claude-sonnet-5-5') as PriceList;
const HAIKU = pricesOf('claude-haiku-5-5') as PriceList;

describe('prices', () => {
  test('of the default model are known, also with a date', () => {
    const { model } = ClaudeSettings.parse({ kind: 'claude' });
    expect(pricesOf(model)).toEqual({ input: 2, output: 10, cacheWrite: 2.5, cacheRead: 0.1 });
    expect(pricesOf(`${model}-20261001`)).toEqual(pricesOf(model));
    expect(pricesOf('claude-unheard-of')).toBeNull();
    expect(pricesOf('constructor')).toBeNull();
  });

  test('are exact sums, rounded up once', () => {
    expect(microsOf({ ...NO_TOKENS, cacheReadTokens: 30 }, SONNET)).toBe(3);
    expect(microsOf({ ...NO_TOKENS, cacheReadTokens: 1 }, SONNET)).toBe(1);
    expect(microsOf({ inputTokens: 1, cacheWriteTokens: 2, cacheReadTokens: 20, outputTokens: 1 }, SONNET)).toBe(2 + 5 + 2 + 10);
    expect(microsOf(NO_TOKENS, SONNET)).toBe(0);
  });

  test('in a batch are half of each, of long prompts too', () => {
    const tokens = { inputTokens: 10, cacheWriteTokens: 100, cacheReadTokens: 1000, outputTokens: 10_000 };
    expect(batchPrices(SONNET)).toEqual({ input: 1, cacheWrite: 1.25, cacheRead: 0.05, output: 5 });
    expect(microsOf(tokens, batchPrices(SONNET))).toBe(10 + 125 + 50 + 50_000);
    const long = { ...tokens, inputTokens: 200_000 };
    expect(microsOf(long, batchPrices(HAIKU))).toBe(Math.ceil(microsOf(long, HAIKU) / 2));
    expect(batchPrices(HAIKU).long?.aboveTokens).toBe(HAIKU.long?.aboveTokens);
  });

  test('of long prompts are for all tokens of the request', () => {
    const short = { ...NO_TOKENS, inputTokens: 1000, cacheReadTokens: 99_000, outputTokens: 1000 };
    expect(microsOf(short, HAIKU)).toBe(100 + 990 + 500);
    expect(microsOf({ ...short, inputTokens: 1001 }, HAIKU)).toBe(Math.ceil(500.5 + 4950 + 2500));
  });

  test('never come to more than what was reserved, however the tokens of a prompt are counted', () => {
    const counts = fc.record({
      bytes: fc.integer({ min: 0, max: 400_000 }),
      shares: fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100)),
      outputTokens: fc.integer({ min: 0, max: 4000 }),
    });
    fc.assert(
      fc.property(counts, fc.constantFrom(SONNET, HAIKU), ({ bytes, shares: [a, b, c], outputTokens }, prices) => {
        const part = (share: number): number => Math.floor((bytes * share) / Math.max(1, a + b + c));
        const tokens = { inputTokens: part(a), cacheWriteTokens: part(b), cacheReadTokens: part(c), outputTokens };
        expect(microsOf(tokens, prices)).toBeLessThanOrEqual(mostMicros({ promptBytes: bytes, maxTokens: 4000 }, prices));
      }),
    );
  });
});
