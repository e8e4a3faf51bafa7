import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClaudeDeps } from '../../../../src/agents/generators/claude.ts';
import { SYSTEM_CLOCK } from '../../../../src/platform/clock.ts';
import { RETRY_LIMITS } from '../../../../src/agents/generators/retry.ts';
import type { Generator } from '../../../../src/agents/generator.ts';
import type { ClaudeSettings } from '../../../../src/domain/campaign/generator-settings.ts';
import { type FakeMessagesApi, startFakeMessagesApi } from '../../../support/agents/fake-messages-api.ts';
import { claudeAt, DRAFT, KEY, NEVER } from '../../../support/agents/claude-generator.ts';
import { listen } from '../../../support/agents/http-server.ts';
import { generationContext } from '../../../support/agents/generation-context.ts';
import { createHurriedClock, type HurriedClock } from '../../../support/agents/hurried-clock.ts';
import { HANG_MS } from '../../../support/limits.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

let api: FakeMessagesApi;
let clock: HurriedClock;
const lines: string[] = [];

beforeEach(async () => {
  api = await startFakeMessagesApi();
  clock = createHurriedClock();
  lines.length = 0;
});
afterEach(async () => {
  await api.close();
});

const claude = (settings: Partial<ClaudeSettings> = {}, deps: Partial<ClaudeDeps> = {}): Generator =>
  claudeAt(api.url, settings, { clock, log: pino({ level: 'trace' }, { write: (line: string) => lines.push(line) }), ...deps });

describe('a good answer', () => {
  test('is the candidate that the tool was called with', async () => {
    api.answerWith({ input: DRAFT });
    const answer = await claude().next(generationContext(), NEVER);
    expect(answer).toMatchObject({ ok: true, draft: DRAFT });
  });

  test('costs what the service counted, to the millionth of a dollar', async () => {
    const usage = { input_tokens: 1001, cache_creation_input_tokens: 3, cache_read_input_tokens: 20_007, output_tokens: 333 };
    api.answerWith({ input: DRAFT, usage });
    const { usage: counted } = await claude().next(generationContext(), NEVER);
    // claude-sonnet-5-5: 2, 2.5, 0.1 and 10 dollars per million tokens.
    const micros = Math.ceil(1001 * 2 + 3 * 2.5 + 2000.7 + 333 * 10);
    expect(counted).toEqual({ inputTokens: 1001, cacheWriteTokens: 3, cacheReadTokens: 20_007, outputTokens: 333, micros });
  });

  test('never costs more than was reserved, whatever the prompt holds', async () => {
    const generator = claude();
    const context = generationContext({ statement: '𝕏ẞ∂ ñ\n'.repeat(500), seed: 11 });
    // The worst tokeniser that there can be: a token for every byte of the request, all of them written to the cache.
    api.answerWith(({ body }) => ({
      input: DRAFT,
      usage: {
        input_tokens: 0,
        cache_creation_input_tokens: Buffer.byteLength(
          [...(body.system ?? []).map(({ text }) => text), String(body.messages[0]?.content), JSON.stringify(body.tools)].join(
            '',
          ),
        ),
        cache_read_input_tokens: 0,
        output_tokens: body.max_tokens,
      },
    }));
    const { usage } = await generator.next(context, NEVER);
    expect(usage.micros).toBeGreaterThan(10_000);
    expect(usage.micros).toBeLessThanOrEqual(generator.reserveMicros(context));
  });

  test('asks with the problem in cached blocks, an unforced tool, the effort and the key', async () => {
    api.answerWith({ input: DRAFT });
    await claude({ effort: 'low', model: 'claude-opus-5-5' }).next(generationContext(), NEVER);
    const body = api.requests[0]?.body;
    expect(body).toMatchObject({
      model: 'claude-opus-5-5',
      max_tokens: 4000,
      stream: true,
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      output_config: { effort: 'low' },
    });
    expect(body?.system?.map((block) => block.cache_control)).toEqual([undefined, { type: 'ephemeral' }, { type: 'ephemeral' }]);
    expect(body?.system?.[2]?.text).toContain('vector_add');
    expect(api.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${KEY}` });
  });

  test('of the second agent reads the prefix from the cache', async () => {
    api.answerWith({ input: DRAFT });
    const generator = claude();
    const first = await generator.next(generationContext({ seed: 1 }), NEVER);
    const second = await generator.next(generationContext({ seed: 2, parents: [], move: 'new' }), NEVER);
    expect(first.usage.cacheWriteTokens).toBeGreaterThan(500);
    expect(second.usage).toMatchObject({ cacheWriteTokens: 0, cacheReadTokens: first.usage.cacheWriteTokens });
  });

  test('may come slowly', async () => {
    api.answerWith({ input: DRAFT, latencyMs: 20, chunkDelayMs: 5 });
    expect(await claude().next(generationContext(), NEVER)).toMatchObject({ ok: true });
  });
});

describe('a service that is busy', () => {
  test('is asked again when it said, and nothing is billed for the refusals', async () => {
    api.answerWith(({ number }) =>
      number < 3
        ? { status: 429, type: 'rate_limit_error', message: 'slow down', headers: { 'retry-after': '7' } }
        : { input: DRAFT },
    );
    const answer = await claude().next(generationContext(), NEVER);
    expect(answer).toMatchObject({ ok: true });
    expect(clock.waits.filter((ms) => ms >= 6900)).toHaveLength(2);
    expect(api.billed).toHaveLength(1);
  });

  test('holds back the other agents as well', async () => {
    const arrivals: number[] = [];
    api.answerWith(({ number }) => {
      arrivals.push(performance.now());
      return number === 1
        ? { status: 429, type: 'rate_limit_error', message: 'slow down', headers: { 'retry-after-ms': '300' } }
        : { input: DRAFT };
    });
    const generator = claude({}, { clock: SYSTEM_CLOCK });
    const first = generator.next(generationContext({ seed: 1 }), NEVER);
    await expect.poll(() => lines.some((line) => line.includes('429'))).toBe(true);
    const second = generator.next(generationContext({ seed: 2 }), NEVER);
    expect(await Promise.all([first, second])).toMatchObject([{ ok: true }, { ok: true }]);
    const [refused = 0, next = 0] = arrivals;
    expect(next - refused).toBeGreaterThanOrEqual(290);
  });

  test.each([529, 500, 503])('with %i is asked again with backoff and jitter', async (status) => {
    api.answerWith(({ number }) => (number < 4 ? { status, type: 'overloaded_error', message: 'Overloaded' } : { input: DRAFT }));
    expect(await claude().next(generationContext(), NEVER)).toMatchObject({ ok: true });
    // Half of 1, 2 and 4 seconds, since the draw is one half.
    expect(clock.waits).toEqual([500, 1000, 2000]);
  });

  test('for ever is given up after the last try', async () => {
    api.answerWith({ status: 529, type: 'overloaded_error', message: 'Overloaded' });
    const answer = await claude().next(generationContext(), NEVER);
    expect(answer).toMatchObject({ ok: false, failure: 'unavailable', usage: { micros: 0 } });
    expect(answer).toMatchObject({ message: expect.stringContaining('529: Overloaded; 6 tries') as string });
    expect(api.requests).toHaveLength(RETRY_LIMITS.triesMax);
  });

  test('for an hour is not waited for', async () => {
    api.answerWith({ status: 429, type: 'rate_limit_error', message: 'come back', headers: { 'retry-after': '3600' } });
    const answer = await claude().next(generationContext(), NEVER);
    expect(answer).toMatchObject({ failure: 'unavailable', message: expect.stringContaining('left alone for 3600 s') as string });
    expect(api.requests).toHaveLength(1);
  });

  test('that cannot be reached is asked again, for nothing', async () => {
    await api.close();
    const answer = await claude().next(generationContext(), NEVER);
    expect(answer).toMatchObject({ failure: 'unavailable', usage: { micros: 0 } });
    expect(answer).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') as string });
    expect(clock.waits).toHaveLength(RETRY_LIMITS.triesMax - 1);
  });

  test('that hangs up before it answers may have billed: it is not asked again, and the most that it can cost counts', async () => {
    api.answerWith(({ number }) => (number === 1 ? { hangUp: true } : { input: DRAFT }));
    const generator = claude();
    const answer = await generator.next(generationContext(), NEVER);
    expect(answer).toMatchObject({ failure: 'unavailable', usage: { micros: generator.reserveMicros(generationContext()) } });
    expect(answer).toMatchObject({ message: expect.stringContaining('whether it is billed nobody knows') as string });
    expect(api.requests).toHaveLength(1);
  });

  test('learns its limits from the headers', async () => {
    const headers = { 'anthropic-ratelimit-requests-limit': '60', 'anthropic-ratelimit-requests-remaining': '0' };
    api.answerWith({ input: DRAFT, headers });
    const generator = claude();
    await generator.next(generationContext({ seed: 1 }), NEVER);
    const before = clock.monotonic();
    await generator.next(generationContext({ seed: 2 }), NEVER);
    // One a second, and none was left.
    expect(clock.monotonic() - before).toBeGreaterThan(900);
  });
});

describe('a bad answer', () => {
  test('that was cut in the middle costs what was sent, and is not asked again', async () => {
    api.answerWith({
      input: DRAFT,
      cutAfterDeltas: 3,
      usage: { input_tokens: 900, cache_creation_input_tokens: 0, output_tokens: 50 },
    });
    const answer = await claude().next(generationContext(), NEVER);
    expect(answer).toMatchObject({ ok: false, failure: 'unavailable', usage: { inputTokens: 900 } });
    // Two deltas of 200 characters, of which three are at most a token.
    expect(answer.usage.outputTokens).toBe(Math.ceil(400 / 3));
    // What was thought and not shown may be all that was allowed.
    expect(answer.usage.micros).toBe(900 * 2 + 4000 * 10);
    expect(api.requests).toHaveLength(1);
  });

  test('that turns into an error costs what was sent', async () => {
    api.answerWith({ input: DRAFT, errorAfterDeltas: { deltas: 2, type: 'overloaded_error', message: 'Overloaded' } });
    const answer = await claude().next(generationContext(), NEVER);
    expect(answer).toMatchObject({ failure: 'unavailable', message: expect.stringContaining('broke off') as string });
    expect(answer.usage.micros).toBeGreaterThan(0);
    expect(api.requests).toHaveLength(1);
  });

  test('that ran into its limit is truncated', async () => {
    api.answerWith({ rawInput: JSON.stringify(DRAFT).slice(0, 90), stopReason: 'max_tokens' });
    expect(await claude().next(generationContext(), NEVER)).toMatchObject({
      failure: 'truncated',
      message: 'the answer was cut off at 4000 tokens; raise maxTokens or lower effort',
    });
  });

  test.each([
    ['no whole JSON', { rawInput: '{"language": "c", "source": "' }, 'the candidate is no whole JSON (29 characters)'],
    ['a wrong schema', { input: { language: 'rust', source: '' } }, 'not a candidate: language: '],
    ['another language', { input: { ...DRAFT, language: 'cuda' } }, 'the candidate is in cuda; it must be in c'],
    ['a NUL in the source', { input: { ...DRAFT, source: 'int\0x;' } }, 'source: must be text without NUL characters'],
    ['no call of the tool', { text: 'I would rather talk.' }, 'no candidate was handed in; it wrote: I would rather talk.'],
    ['nothing', {}, 'no candidate was handed in; it wrote: nothing'],
  ])('with %s is malformed, and paid', async (_, scripted, message) => {
    api.answerWith(scripted);
    const answer = await claude().next(generationContext(), NEVER);
    expect(answer).toMatchObject({ ok: false, failure: 'malformed', message: expect.stringContaining(message) as string });
    expect(answer.usage.micros).toBeGreaterThan(0);
  });

  test('that declines is refused', async () => {
    api.answerWith({ text: 'No.', stopReason: 'refusal' });
    expect(await claude().next(generationContext(), NEVER)).toMatchObject({ failure: 'refused' });
  });

  test('that is huge is not read to its end', async () => {
    api.answerWith({ input: { ...DRAFT, source: 'x'.repeat(4 * 1024 * 1024) } });
    const answer = await claude().next(generationContext(), NEVER);
    expect(answer).toMatchObject({
      failure: 'malformed',
      message: expect.stringContaining('went beyond 1048576 bytes') as string,
    });
    expect(answer.usage.outputTokens).toBe(4000);
  });
});

describe('a service that will not', () => {
  test.each([
    [401, 'authentication_error', 'give the daemon a key'],
    [404, 'not_found_error', 'check model and baseUrl of agents.generators.claude'],
  ])('with %i makes the generator unavailable, once and for all', async (status, type, remedy) => {
    api.answerWith({ status, type, message: `invalid ${KEY.slice(0, 2)}` });
    const generator = claude();
    expect(generator.unavailable).toBeNull();
    expect(await generator.next(generationContext(), NEVER)).toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining(remedy) as string,
    });
    expect(generator.unavailable).toContain(remedy);
    expect(api.requests).toHaveLength(1);
  });

  test('with 400 says what it said', async () => {
    api.answerWith({ status: 400, type: 'invalid_request_error', message: 'prompt is too long' });
    const generator = claude();
    expect(await generator.next(generationContext(), NEVER)).toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('400: prompt is too long; check agents.generators.claude in kiln.yaml') as string,
    });
    expect(generator.unavailable).toBeNull();
  });

  test('is not asked without a key or prices, and the reason says what to do', async () => {
    expect(claude({}, { apiKey: null }).unavailable).toContain('ANTHROPIC_API_KEY is not set');
    expect(claude({ model: 'claude-unheard-of' }).unavailable).toContain('set agents.generators.claude.prices in kiln.yaml');
    expect(await claude({}, { apiKey: null }).next(generationContext(), NEVER)).toMatchObject({ failure: 'unavailable' });
    expect(api.requests).toHaveLength(0);
  });

  test('with prices of our own an unheard-of model can be used', async () => {
    api.answerWith({ input: DRAFT, usage: { input_tokens: 10, cache_creation_input_tokens: 0, output_tokens: 10 } });
    const prices = { input: 1, cacheWrite: 1, cacheRead: 1, output: 3 };
    const answer = await claude({ model: 'claude-unheard-of', prices }).next(generationContext(), NEVER);
    expect(answer).toMatchObject({ ok: true, usage: { micros: 40 } });
  });
});

describe('something else in the place of the service', () => {
  test.each([
    ['a negative count', { input_tokens: 100, output_tokens: -1_000_000 }],
    ['no count at all', { input_tokens: 100, output_tokens: Number.NaN }],
    ['an endless count', { input_tokens: 1e300 }],
  ])('that answers with %s makes no money, and leaves a number', async (_what, usage) => {
    api.answerWith({ input: DRAFT, usage: { cache_creation_input_tokens: 0, ...usage } });
    const generator = claude();
    const answer = await generator.next(generationContext(), NEVER);
    expect(answer).toMatchObject({ failure: 'unavailable', message: expect.stringContaining('the service counts') as string });
    expect(answer.usage.micros).toBeGreaterThan(4000 * 9);
    expect(answer.usage.micros).toBeLessThanOrEqual(generator.reserveMicros(generationContext()));
  });

  test('that is a page is not read, and told', async () => {
    const page = await listen(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      for (let i = 0; i < 100; i += 1) response.write('<p>Sign in to the network</p>'.repeat(1000));
      response.end();
    });
    const answer = await claude({}, { baseUrl: page.url }).next(generationContext(), NEVER);
    expect(answer).toMatchObject({ message: expect.stringContaining('200 without a stream of events') as string });
    await page.close();
  });

  test('that sends us elsewhere is not followed: neither the key nor the prompt goes there', async () => {
    api.answerWith({ input: DRAFT });
    const redirecting = await listen(async (_request, response) => {
      response.writeHead(307, { location: `${api.url}/v1/messages` }).end();
    });
    const answer = await claude({}, { baseUrl: redirecting.url }).next(generationContext(), NEVER);
    expect(answer).toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('307') as string,
      usage: { micros: 0 },
    });
    expect(api.requests).toHaveLength(0);
    await redirecting.close();
  });
});

describe('stopping', () => {
  test('ends a request that is on its way, and says what it cost', async () => {
    const stop = new AbortController();
    api.answerWith({ input: DRAFT, chunkDelayMs: HANG_MS, usage: { input_tokens: 77, cache_creation_input_tokens: 0 } });
    const answer = claude({}, { clock: SYSTEM_CLOCK }).next(generationContext(), stop.signal);
    await expect.poll(() => api.billed.length).toBe(1);
    stop.abort();
    expect(await answer).toMatchObject({ ok: false, failure: 'stopped' });
    await expect.poll(() => api.open.now).toBe(0);
  });

  test('before it is asked asks nothing', async () => {
    expect(await claude().next(generationContext(), AbortSignal.abort())).toMatchObject({ failure: 'stopped' });
    expect(api.requests).toHaveLength(0);
  });

  test('happens by itself when the time is over', async () => {
    api.answerWith({ input: DRAFT, latencyMs: HANG_MS });
    const manual = new ManualClock();
    const asked = claude({ timeoutMs: 50 }, { clock: manual }).next(generationContext(), NEVER);
    await expect.poll(() => api.requests.length).toBe(1);
    await manual.advance(50);
    const answer = await asked;
    expect(answer).toMatchObject({ failure: 'timed_out', message: 'no whole answer in 50 ms' });
    // It got the request: it may bill it.
    expect(answer.usage.micros).toBe(claude().reserveMicros(generationContext()));
    expect(api.requests).toHaveLength(1);
  });
});

test('the key is in no log and no message', async () => {
  api.answerWith({ status: 401, type: 'authentication_error', message: 'no' });
  const answer = await claude().next(generationContext(), NEVER);
  expect(lines.join('') + JSON.stringify(answer)).not.toContain(KEY);
  expect(lines.length).toBeGreaterThan(0);
});
