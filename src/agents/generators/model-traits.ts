/**
 * What models of the Messages API differ in: the shortest prefix of a prompt that the service caches, and which settings of `thinking` they take. As the service's pages
 * https://platform.claude.com/docs/en/build-with-claude/prompt-caching (cache limitations), https://platform.claude.com/docs/en/build-with-claude/thinking (configuring thinking) and the
 * migration guides of its models were quoted in November 2026; minima of Fable 5.1 and 5.2 and Mythos 5.1 and 5.2 are those of Fable 5 and Mythos 5. Nothing here was measured against the service.
 */
import type { ThinkingConfigParam } from '@anthropic-ai/sdk/resources/messages';
import type { ClaudeSettings } from '../../domain/campaign/generator-settings.ts';

interface ModelTraits {
  /** A shorter prefix is not cached, and nobody is told so. */
  readonly cacheTokensMin: number;
  /** `adaptive`: a budget of tokens is refused. `either`: both are taken. `budget`: `adaptive` is refused. */
  readonly thinks: 'adaptive' | 'either' | 'budget';
  /** What `off` is to it; null: it always thinks. */
  readonly off: 'disabled' | 'between_tools' | null;
}

const FAMILIES: readonly (readonly [RegExp, ModelTraits])[] = [
  [/^claude-(?:fable|mythos)-5\b/u, { cacheTokensMin: 512, thinks: 'adaptive', off: null }],
  [/^claude-opus-5-5\b/u, { cacheTokensMin: 512, thinks: 'adaptive', off: null }],
  [/^claude-sonnet-5-5\b/u, { cacheTokensMin: 512, thinks: 'adaptive', off: 'between_tools' }],
  [/^claude-haiku-5-5\b/u, { cacheTokensMin: 512, thinks: 'adaptive', off: 'disabled' }],
  [/^claude-opus-5\b/u, { cacheTokensMin: 512, thinks: 'either', off: 'disabled' }],
  [/^claude-sonnet-5\b/u, { cacheTokensMin: 1024, thinks: 'adaptive', off: 'disabled' }],
  [/^claude-opus-4-8\b/u, { cacheTokensMin: 1024, thinks: 'adaptive', off: 'disabled' }],
  [/^claude-opus-4-7\b/u, { cacheTokensMin: 2048, thinks: 'adaptive', off: 'disabled' }],
  [/^claude-opus-4-6\b/u, { cacheTokensMin: 4096, thinks: 'either', off: 'disabled' }],
  [/^claude-sonnet-4-6\b/u, { cacheTokensMin: 1024, thinks: 'either', off: 'disabled' }],
  [/^claude-(?:opus|haiku)-4-5\b/u, { cacheTokensMin: 4096, thinks: 'budget', off: 'disabled' }],
  [/^claude-sonnet-4-5\b/u, { cacheTokensMin: 1024, thinks: 'budget', off: 'disabled' }],
];

/** Null: nothing is known of it. */
const traitsOf = (model: string): ModelTraits | null => FAMILIES.find(([family]) => family.test(model))?.[1] ?? null;

/** 0 of a model that nothing is known of: a breakpoint that is too early costs nothing. */
export const cacheTokensMin = (model: string): number => traitsOf(model)?.cacheTokensMin ?? 0;

/** The service takes no smaller budget, and it must be below what may be written. */
const BUDGET_MIN = 1024;
/** Of models that think only within a budget: half of what may be written, and not more than this. */
const BUDGET_SHARE = 0.5;
const BUDGET_MAX = 16_000;

type Thinking = Pick<ClaudeSettings, 'model' | 'maxTokens' | 'thinking'>;

/** Null: left to the model. Where nothing is set, as the model takes it: writing a kernel is worth a thought. */
export const thinkingOf = ({ model, maxTokens, thinking }: Thinking): ThinkingConfigParam | null => {
  const traits = traitsOf(model);
  if (thinking === 'adaptive') return { type: 'adaptive' };
  if (thinking === 'off') return { type: traits?.off ?? 'disabled' };
  if (thinking !== null) return { type: 'enabled', budget_tokens: thinking };
  if (traits === null) return null;
  if (traits.thinks !== 'budget') return { type: 'adaptive' };
  const budget = Math.min(BUDGET_MAX, Math.floor(maxTokens * BUDGET_SHARE));
  return budget < BUDGET_MIN ? null : { type: 'enabled', budget_tokens: budget };
};

/** Why the service would refuse every request with this setting, or null. */
export const thinkingComplaint = ({ model, thinking }: Thinking): string | null => {
  const traits = traitsOf(model);
  if (traits === null || thinking === null) return null;
  if (thinking === 'off')
    return traits.off === null ? `${model} always thinks: leave "thinking" null, and set "effort" to low for less` : null;
  if (thinking === 'adaptive')
    return traits.thinks === 'budget'
      ? `${model} does not know adaptive thinking: set "thinking" to a number of tokens, off or null`
      : null;
  return traits.thinks === 'adaptive'
    ? `${model} takes no budget for its thoughts: set "thinking" to adaptive or null, and "effort" for more or less`
    : null;
};
