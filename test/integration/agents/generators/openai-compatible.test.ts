import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SYSTEM_CLOCK } from '../../../../src/platform/clock.ts';
import { type ChatDeps, createOpenAiCompatible } from '../../../../src/agents/generators/openai-compatible.ts';
import { RETRY_LIMITS } from '../../../../src/agents/generators/retry.ts';
import type { Generator } from '../../../../src/agents/generator.ts';
import { OpenAiCompatibleSettings } from '../../../../src/domain/campaign/generator-settings.ts';
import { type FakeChatApi, startFakeChatApi } from '../../../support/agents/fake-chat-api.ts';
import { listen } from '../../../support/agents/http-server.ts';
import { generationContext, SOURCE } from '../../../support/agents/generation-context.ts';
import { createHurriedClock, type HurriedClock } from '../../../support/agents/hurried-clock.ts';
import { HANG_MS } from '../../../support/limits.ts';

const DRAFT = { language: 'c', idea: 'restrict', note: '', source: SOURCE, params: {} };
const JSON_TEXT = JSON.stringify(DRAFT);
const BLOCK_TEXT = `I would do this.\n\nidea: no aliases\n\n\`\`\`c\n${SOURCE}\`\`\`\n`;
const PRICES = { input: 1, cacheWrite: 1, cacheRead: 0.1, output: 4 };
const NEVER = new AbortController().signal;

let api: FakeChatApi;
let clock: HurriedClock;

beforeEach(async () => {
  api = await startFakeChatApi();
  clock = createHurriedClock();
});
afterEach(async () => {
  await api.close();
});

const local = (settings: Partial<OpenAiCompatibleSettings> = {}, deps: Partial<ChatDeps> = {}): Generator =>
  createOpenAiCompatible(
    OpenAiCompatibleSettings.parse({
      kind: 'openai-compatible',
      baseUrl: api.url,
      model: 'a-model',
      maxTokens: 4000,
      ...settings,
    }),
    {
      name: 'local',
      key: null,
      log: pino({ level: 'silent' }),
      clock,
      now: Date.now,
      random: () => 0.5,
      retries: RETRY_LIMITS,
      ...deps,
    },
  );

describe('a good answer', () => {
  test.each([true, false])('is read as JSON by schema (whole: %s)', async (isWhole) => {
    api.answerWith({ text: JSON_TEXT, isWhole });
    expect(await local().next(generationContext(), NEVER)).toMatchObject({ ok: true, draft: DRAFT, usage: { micros: 0 } });
    expect(api.requests[0]?.body).toMatchObject({ model: 'a-model', max_tokens: 4000, response_format: { type: 'json_schema' } });
    expect(api.requests[0]?.headers['authorization']).toBeUndefined();
  });

  test.each(['c', 'cpp', ''])('is read from a fenced block tagged "%s", with its idea', async (tag) => {
    api.answerWith({ text: BLOCK_TEXT.replace('```c', `\`\`\`${tag}`) });
    const answer = await local({ structured: 'off' }).next(generationContext({ languages: ['c', 'cuda'] }), NEVER);
    expect(answer).toMatchObject({ ok: true, draft: { language: 'c', source: SOURCE, idea: 'no aliases' } });
    expect(api.requests[0]?.body.response_format).toBeUndefined();
  });

  test('comes from a server without schemas too, which is asked for one only once', async () => {
    api.answerWith(({ body }) =>
      body.response_format === undefined
        ? { text: BLOCK_TEXT }
        : { status: 400, body: '{"error": "response_format is unknown"}' },
    );
    const generator = local();
    expect(await generator.next(generationContext({ seed: 1 }), NEVER)).toMatchObject({ ok: true });
    expect(await generator.next(generationContext({ seed: 2 }), NEVER)).toMatchObject({ ok: true });
    expect(api.requests.map(({ body }) => body.response_format !== undefined)).toEqual([true, false, false]);
  });

  test('costs what the server counted, to the millionth of a dollar', async () => {
    const usage = { prompt_tokens: 1000, completion_tokens: 100, prompt_tokens_details: { cached_tokens: 600 } };
    api.answerWith({ text: JSON_TEXT, usage });
    const answer = await local({ prices: PRICES }).next(generationContext(), NEVER);
    expect(answer.usage).toEqual({ inputTokens: 400, cacheWriteTokens: 0, cacheReadTokens: 600, outputTokens: 100, micros: 860 });
  });

  test('of a server that does not count is counted by bytes, within the reserve', async () => {
    api.answerWith({ text: JSON_TEXT });
    const generator = local({ prices: PRICES });
    const { usage } = await generator.next(generationContext(), NEVER);
    expect(usage.outputTokens).toBe(Math.ceil(Buffer.byteLength(JSON_TEXT) / 3));
    expect(usage.micros).toBeGreaterThan(0);
    expect(usage.micros).toBeLessThanOrEqual(generator.reserveMicros(generationContext()));
  });

  test('is asked for with the key where one is named', async () => {
    api.answerWith({ text: JSON_TEXT });
    await local({ keyVariable: 'LOCAL_KEY' }, { key: 'the-key' }).next(generationContext(), NEVER);
    expect(api.requests[0]?.headers['authorization']).toBe('Bearer the-key');
    const generator = local({ keyVariable: 'LOCAL_KEY' });
    expect(generator.unavailable).toBe('LOCAL_KEY is not set: set it in the environment of the daemon and start it again');
    expect(await generator.next(generationContext(), NEVER)).toMatchObject({ failure: 'unavailable' });
    expect(api.requests).toHaveLength(1);
  });
});

describe('a server that is busy', () => {
  test('is asked again when it said', async () => {
    api.answerWith(({ number }) =>
      number < 3 ? { status: 429, body: 'later', headers: { 'retry-after': '3' } } : { text: JSON_TEXT },
    );
    expect(await local().next(generationContext(), NEVER)).toMatchObject({ ok: true });
    expect(clock.waits.filter((ms) => ms >= 2900)).toHaveLength(2);
  });

  test('for ever is given up', async () => {
    api.answerWith({ status: 503, body: 'loading the model' });
    expect(await local().next(generationContext(), NEVER)).toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('503: loading the model; 6 tries') as string,
    });
  });

  test('that is not there is given up, and says where it was looked for', async () => {
    const generator = local({ baseUrl: 'http://127.0.0.1:9/v1' });
    expect(await generator.next(generationContext(), NEVER)).toMatchObject({
      failure: 'unavailable',
      message: expect.stringMatching(/no answer: fetch failed.*6 tries/u) as string,
    });
  });
});

describe('a bad answer', () => {
  test.each([
    ['cut in the middle', { text: JSON_TEXT, cutAfterDeltas: 3 }, 'unavailable', 'broke off'],
    ['ended without an end', { text: JSON_TEXT, endAfterDeltas: 3 }, 'unavailable', 'ended before its end'],
    ['truncated', { text: JSON_TEXT.slice(0, -9), finishReason: 'length' }, 'truncated', 'maxTokens is 4000'],
    ['filtered', { text: '', finishReason: 'content_filter' }, 'refused', 'filtered'],
    ['declined', { text: '', refusal: 'I cannot.' }, 'refused', 'I cannot.'],
    ['chatter', { text: 'Kernels are nice.' }, 'malformed', 'neither JSON nor a block with a launch plan'],
    ['of a wrong schema', { text: '{"language": "c", "sauce": 1}' }, 'malformed', 'source: is missing'],
    ['huge', { text: 'x'.repeat(1_200_000) }, 'malformed', 'went beyond 1048576 bytes'],
  ])('that is %s is a failure with a reason, and not asked again', async (_, scripted, failure, message) => {
    api.answerWith(scripted);
    const answer = await local().next(generationContext(), NEVER);
    expect(answer).toMatchObject({ ok: false, failure, message: expect.stringContaining(message) as string });
    expect(api.requests).toHaveLength(1);
  });

  test('with a plan that cannot be read is a candidate all the same, so that it can be repaired', async () => {
    api.answerWith({ text: '```c\n/* kiln\nlaunch: 7\n*/\nvoid f(void) {}\n```' });
    expect(await local().next(generationContext(), NEVER)).toMatchObject({ ok: true, draft: { language: 'c' } });
  });
});

/** Sends the same again and again. */
const events = (text: string, times: number) =>
  listen(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let i = 0; i < times && !response.destroyed; i += 1) {
      if (!response.write(text)) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
    }
    response.end();
  });

describe('something else in the place of the server', () => {
  test('that refuses without end is not read to its end', async () => {
    const chunk = JSON.stringify({ choices: [{ delta: { refusal: 'no '.repeat(10_000) } }] });
    const server = await events(`data: ${chunk}\n\n`, 2000);
    const answer = await local({ baseUrl: server.url }).next(generationContext(), NEVER);
    expect(answer).toMatchObject({ failure: 'malformed', message: expect.stringContaining('went beyond') as string });
    await server.close();
  });

  test('that talks without saying anything is left when the time is over', async () => {
    const server = await listen(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write(': still here\n\ndata: {"choices":[]}\n\n'), 5);
      response.once('close', () => clearInterval(timer));
    });
    const generator = local({ baseUrl: server.url, timeoutMs: 100 }, { clock: SYSTEM_CLOCK });
    expect(await generator.next(generationContext(), NEVER)).toMatchObject({ failure: 'timed_out' });
    await server.close();
  });

  test('that answers rubbish after it took a request that costs money counts with the most that it can cost', async () => {
    const server = await events('data: <html>\n\n', 1);
    const generator = local({ baseUrl: server.url, prices: PRICES });
    const answer = await generator.next(generationContext(), NEVER);
    expect(answer).toMatchObject({ failure: 'unavailable', usage: { micros: generator.reserveMicros(generationContext()) } });
    await server.close();
  });

  test('that sends us elsewhere is not followed', async () => {
    api.answerWith({ text: JSON_TEXT });
    const server = await listen(async (_request, response) => {
      response.writeHead(308, { location: `${api.url}/chat/completions` }).end();
    });
    const answer = await local({ baseUrl: server.url }).next(generationContext(), NEVER);
    expect(answer).toMatchObject({ failure: 'unavailable', message: expect.stringContaining('308') as string });
    expect(api.requests).toHaveLength(0);
    await server.close();
  });
});

describe('a server that will not', () => {
  test.each([401, 404])('with %i makes the generator unavailable', async (status) => {
    api.answerWith({ status, body: 'no' });
    const generator = local();
    await generator.next(generationContext(), NEVER);
    expect(generator.unavailable).toContain(`the service answered ${status}: no`);
    expect(api.requests).toHaveLength(1);
  });
});

describe('stopping', () => {
  test('ends a request that is on its way', async () => {
    const stop = new AbortController();
    api.answerWith({ text: JSON_TEXT, latencyMs: HANG_MS });
    const answer = local({}, { clock: SYSTEM_CLOCK }).next(generationContext(), stop.signal);
    await expect.poll(() => api.requests.length).toBe(1);
    stop.abort();
    expect(await answer).toMatchObject({ failure: 'stopped' });
  });

  test('happens by itself when the time is over', async () => {
    api.answerWith({ text: JSON_TEXT, chunkDelayMs: HANG_MS });
    const answer = await local({ timeoutMs: 50 }, { clock: SYSTEM_CLOCK }).next(generationContext(), NEVER);
    expect(answer).toMatchObject({ failure: 'timed_out', message: 'no whole answer in 50 ms' });
  });
});

describe('a diagnosis', () => {
  const DIAGNOSIS = { bottleneck: 'cache', finding: 'misses', proposals: [{ tag: 'tiling', idea: 'smaller tiles', why: '' }] };

  test.each(['auto', 'off'] as const)('is read as JSON, at an effort of its own (structured: %s)', async (structured) => {
    api.answerWith({ text: `Here:\n${JSON.stringify(DIAGNOSIS)}` });
    const generator = local({ structured, effort: 'high', efforts: { diagnose: 'low' } }, { isDiagnoser: true });
    const answer = await generator.diagnoser?.next({ context: generationContext(), proposals: 3, signal: NEVER });
    expect(answer).toMatchObject({ ok: true, diagnosis: DIAGNOSIS });
    expect(api.requests[0]?.body).toMatchObject({ reasoning_effort: 'low' });
    api.answerWith({ text: JSON_TEXT });
    await generator.next(generationContext(), NEVER);
    expect(api.requests[1]?.body).toMatchObject({ reasoning_effort: 'high' });
  });

  test('is asked of nobody who was not named for it, and no effort is sent that was not set', async () => {
    api.answerWith({ text: JSON_TEXT });
    const generator = local();
    await generator.next(generationContext(), NEVER);
    expect(generator.diagnoser).toBeUndefined();
    expect(api.requests[0]?.body).not.toHaveProperty('reasoning_effort');
  });
});
