/** What a request will probably need of the rate limits, learned from those before it. Its cost is another matter: that is bounded, not guessed. */
import type { Usage } from '../../domain/campaign/campaign.ts';
import type { Demand } from './rate-buckets.ts';

export interface TokenEstimate {
  of(promptBytes: number): Demand;
  learn(usage: Usage, promptBytes: number): void;
}

const LEARNING_SHARE = 0.1;
/** Before the first answer: code comes to about three bytes a token, and half of what is allowed is written. */
const TOKENS_PER_BYTE = 1 / 3;
const OUTPUT_SHARE = 0.5;

export const createTokenEstimate = (maxTokens: number): TokenEstimate => {
  let tokensPerByte = TOKENS_PER_BYTE;
  let outputTokens = maxTokens * OUTPUT_SHARE;
  return {
    of: (promptBytes) => ({
      requests: 1,
      inputTokens: Math.ceil(promptBytes * tokensPerByte),
      outputTokens: Math.ceil(outputTokens),
    }),
    learn: (usage, promptBytes) => {
      const seen = (usage.inputTokens + usage.cacheWriteTokens) / Math.max(1, promptBytes);
      tokensPerByte += LEARNING_SHARE * (seen - tokensPerByte);
      outputTokens += LEARNING_SHARE * (usage.outputTokens - outputTokens);
    },
  };
};
