/** What of a prompt the service keeps, and who writes it there. */
import { describe, expect, test } from 'vitest';
import { claudeAt, DRAFT, NEVER } from '../../../support/agents/claude-generator.ts';
import { generationContext } from '../../../support/agents/generation-context.ts';
import { messagesApiRig } from '../../../support/agents/messages-api-rig.ts';

/** Its prefix is long enough for any model's cache, its instructions alone are not. */
const LONG = generationContext({ statement: 'n is anything. '.repeat(1000) });
const EPHEMERAL = { type: 'ephemeral' };

const service = messagesApiRig();

describe('a prefix', () => {
  test('is asked for by one agent first, so that the others read from the cache what it wrote', async () => {
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    service.api.answerWith(async ({ number }) => {
      arrived.resolve();
      if (number === 1) await held.promise;
      return { input: DRAFT };
    });
    const generator = claudeAt(service.api.url);
    const answers = Array.from({ length: 5 }, (_, seed) => generator.next(generationContext({ seed }), NEVER));
    await arrived.promise;
    expect(service.api.requests).toHaveLength(1);
    held.resolve();
    expect((await Promise.all(answers)).every(({ ok }) => ok)).toBe(true);
    expect(service.api.requests).toHaveLength(5);
  });

  test('is asked for with the thinking and the life of the cache that the settings name', async () => {
    service.api.answerWith({ input: DRAFT });
    await claudeAt(service.api.url, { model: 'claude-opus-4-6', thinking: 2048, cacheMinutes: 60 }).next(LONG, NEVER);
    await claudeAt(service.api.url, { thinking: 'adaptive' }).next(generationContext(), NEVER);
    const [hour, adaptive] = service.api.requests.map(({ body }) => JSON.stringify(body));
    expect(hour).toContain('"thinking":{"type":"enabled","budget_tokens":2048}');
    expect(hour).toContain('"cache_control":{"type":"ephemeral","ttl":"1h"}');
    expect(adaptive).toContain('"thinking":{"type":"adaptive"}');
    expect(adaptive).toContain('"cache_control":{"type":"ephemeral"}');
  });

  test('is not waited for, nor marked, where the prefix is too short for the cache of its model', async () => {
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    service.api.answerWith(async ({ number }) => {
      if (number === 5) arrived.resolve();
      await held.promise;
      return { input: DRAFT };
    });
    const generator = claudeAt(service.api.url, { model: 'claude-haiku-4-5' });
    const answers = Array.from({ length: 5 }, (_, seed) => generator.next(generationContext({ seed }), NEVER));
    await arrived.promise;
    held.resolve();
    expect((await Promise.all(answers)).every(({ ok }) => ok)).toBe(true);
    expect(JSON.stringify(service.api.requests.map(({ body }) => body.system))).not.toContain('cache_control');
    await generator.next(LONG, NEVER);
    const [role, how, problem] = service.api.requests[5]?.body.system ?? [];
    expect([role?.cache_control, how?.cache_control, problem?.cache_control]).toEqual([undefined, undefined, EPHEMERAL]);
  });
});
