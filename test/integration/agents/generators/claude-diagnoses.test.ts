import { describe, expect, test } from 'vitest';
import type { ClaudeDeps } from '../../../../src/agents/generators/claude.ts';
import type { Generator } from '../../../../src/agents/generator.ts';
import type { ClaudeSettings } from '../../../../src/domain/campaign/generator-settings.ts';
import { claudeAt, DRAFT, NEVER } from '../../../support/agents/claude-generator.ts';
import { generationContext } from '../../../support/agents/generation-context.ts';
import { messagesApiRig } from '../../../support/agents/messages-api-rig.ts';

const service = messagesApiRig();

const claude = (settings: Partial<ClaudeSettings> = {}, deps: Partial<ClaudeDeps> = {}): Generator =>
  claudeAt(service.api.url, settings, deps);

const DIAGNOSIS = {
  bottleneck: 'memory-bandwidth',
  finding: '40 % of the floor',
  proposals: [{ tag: 'vectorisation', idea: 'load four floats at once', why: 'fewer loads' }],
};
const diagnosed = async () =>
  claude(
    {
      diagnose: { by: null, proposals: 2, implementations: 1 },
      effort: 'high',
      efforts: { diagnose: 'low', repair: 'medium' },
    },
    { isDiagnoser: true },
  ).diagnoser?.next({ context: generationContext(), proposals: 2, signal: NEVER });

describe('a diagnosis', () => {
  test('is what the tool for it was called with, at an effort of its own, and is paid', async () => {
    service.api.answerWith({ input: DIAGNOSIS, usage: { input_tokens: 100, cache_creation_input_tokens: 0, output_tokens: 10 } });
    expect(await diagnosed()).toEqual({
      ok: true,
      diagnosis: DIAGNOSIS,
      usage: { inputTokens: 100, cacheWriteTokens: 0, cacheReadTokens: 0, outputTokens: 10, micros: 300 },
    });
    const body = service.api.requests[0]?.body;
    expect(body?.output_config).toEqual({ effort: 'low' });
    expect(body?.messages[0]?.content).toContain('at most 2 ideas');
  });

  test('shares the cached prefix with the candidates that are written after it, whatever the effort', async () => {
    const generator = claude({ effort: 'high', efforts: { diagnose: 'low' } }, { isDiagnoser: true });
    service.api.answerWith({ input: DIAGNOSIS });
    await generator.diagnoser?.next({ context: generationContext(), proposals: 2, signal: NEVER });
    service.api.answerWith({ input: DRAFT });
    const proposal = {
      tag: 'tiling' as const,
      idea: 'rows in registers',
      why: '',
      bottleneck: 'cache' as const,
      finding: '',
      implementation: 2,
      of: 3,
    };
    const written = await generator.next(generationContext({ proposal }), NEVER);
    expect(written.usage).toMatchObject({ cacheWriteTokens: 0 });
    expect(written.usage.cacheReadTokens).toBeGreaterThan(500);
    const [, body] = service.api.requests.map((request) => request.body);
    expect(body?.output_config).toEqual({ effort: 'high' });
    expect(body?.messages[0]?.content).toMatch(/of the kind tiling[^]*number 2 of 3[^]*rows in registers/);
  });

  test.each([
    [{ input: { ...DIAGNOSIS, proposals: [] } }, 'malformed'],
    [{ input: DRAFT }, 'malformed'],
    [{ text: 'no', stopReason: 'refusal' }, 'refused'],
    [{ rawInput: '{"bottleneck"', stopReason: 'max_tokens' }, 'truncated'],
  ])('is none, and paid, where the answer is %j', async (scripted, failure) => {
    service.api.answerWith(scripted);
    const answer = await diagnosed();
    expect(answer).toMatchObject({ ok: false, failure });
    expect(answer?.usage.micros).toBeGreaterThan(0);
  });

  test('never costs more than was reserved', async () => {
    const context = generationContext({ proposed: ['tiling: rows in registers'] });
    const generator = claude({}, { isDiagnoser: true });
    service.api.answerWith(({ body }) => ({
      input: DIAGNOSIS,
      usage: {
        input_tokens: 0,
        cache_creation_input_tokens: Buffer.byteLength(JSON.stringify([body.system, body.messages, body.tools])),
        output_tokens: 4000,
      },
    }));
    const answer = await generator.diagnoser?.next({ context, proposals: 2, signal: NEVER });
    expect(answer?.usage.micros).toBeLessThanOrEqual(generator.diagnoser?.reserveMicros(context, 2) ?? 0);
  });
});
