import { describe, expect, test } from 'vitest';
import { cacheTokensMin, thinkingComplaint, thinkingOf } from '../../../../src/agents/generators/model-traits.ts';
import { claudeAt } from '../../../support/agents/claude-generator.ts';

const unset = { maxTokens: 32_000, thinking: null };

describe('a model', () => {
  test.each([
    ['claude-sonnet-5-5', 512],
    ['claude-opus-5', 512],
    ['claude-fable-5-2', 512],
    ['claude-sonnet-5', 1024],
    ['claude-sonnet-4-6', 1024],
    ['claude-opus-4-7', 2048],
    ['claude-opus-4-6', 4096],
    ['claude-haiku-4-5-20251001', 4096],
    ['claude-opus-4-5-20251101', 4096],
    ['somebody-else', 0],
  ])('%s caches prefixes from %d tokens', (model, least) => {
    expect(cacheTokensMin(model)).toBe(least);
  });

  test.each([
    ['claude-sonnet-5-5', { type: 'adaptive' }],
    ['claude-opus-4-7', { type: 'adaptive' }],
    ['claude-sonnet-4-6', { type: 'adaptive' }],
    ['claude-haiku-4-5', { type: 'enabled', budget_tokens: 16_000 }],
    ['claude-sonnet-4-5-20250929', { type: 'enabled', budget_tokens: 16_000 }],
    ['somebody-else', null],
  ])('%s thinks as it takes it where nothing is set', (model, expected) => {
    expect(thinkingOf({ ...unset, model })).toEqual(expected);
  });

  test('thinks within half of what it may write, and not at all where that is less than the service takes', () => {
    const haiku = { ...unset, model: 'claude-haiku-4-5' };
    expect(thinkingOf({ ...haiku, maxTokens: 4000 })).toEqual({ type: 'enabled', budget_tokens: 2000 });
    expect(thinkingOf({ ...haiku, maxTokens: 2047 })).toBeNull();
  });

  test('is told to think no more in its own words', () => {
    expect(thinkingOf({ ...unset, model: 'claude-sonnet-5-5', thinking: 'off' })).toEqual({ type: 'between_tools' });
    expect(thinkingOf({ ...unset, model: 'claude-haiku-5-5', thinking: 'off' })).toEqual({ type: 'disabled' });
    expect(thinkingOf({ ...unset, model: 'somebody-else', thinking: 'off' })).toEqual({ type: 'disabled' });
  });

  test.each([
    ['claude-opus-5-5', 'off', 'always thinks'],
    ['claude-sonnet-5-5', 2048, 'takes no budget'],
    ['claude-haiku-4-5', 'adaptive', 'does not know adaptive'],
  ] as const)('%s does not take thinking: %s', (model, thinking, complaint) => {
    expect(thinkingComplaint({ ...unset, model, thinking })).toContain(complaint);
  });

  test.each([
    ['claude-opus-4-6', 2048],
    ['claude-opus-4-6', 'adaptive'],
    ['claude-haiku-4-5', 'off'],
    ['somebody-else', 2048],
  ] as const)('%s takes thinking: %s', (model, thinking) => {
    expect(thinkingComplaint({ ...unset, model, thinking })).toBeNull();
  });

  test('that would refuse every request is not asked, and says what to set', () => {
    const { unavailable } = claudeAt('http://127.0.0.1:1', { model: 'claude-opus-5-5', thinking: 'off' });
    expect(unavailable).toContain('agents.generators.claude: claude-opus-5-5 always thinks: leave "thinking" null');
  });
});
