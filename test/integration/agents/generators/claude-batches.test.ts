import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Answer, Batches, BatchEnd, BatchSent, Generator } from '../../../../src/agents/generator.ts';
import type { ClaudeSettings } from '../../../../src/domain/campaign/generator-settings.ts';
import type { GenerationContext } from '../../../../src/domain/campaign/generation-context.ts';
import { type FakeMessagesApi, startFakeMessagesApi } from '../../../support/agents/fake-messages-api.ts';
import { listen } from '../../../support/agents/http-server.ts';
import { generationContext } from '../../../support/agents/generation-context.ts';
import { claudeAt, DRAFT, NEVER } from '../../../support/agents/claude-generator.ts';
import { createHurriedClock, type HurriedClock } from '../../../support/agents/hurried-clock.ts';

const USAGE = { input_tokens: 1001, cache_creation_input_tokens: 3, cache_read_input_tokens: 20_007, output_tokens: 333 };
const HOUR_MS = 3_600_000;
const context = generationContext();

let api: FakeMessagesApi;
let clock: HurriedClock;
let nowMs = Date.now;

beforeEach(async () => {
  api = await startFakeMessagesApi({ input: DRAFT, usage: USAGE });
  clock = createHurriedClock();
  nowMs = Date.now;
});
afterEach(async () => {
  await api.close();
});

const claude = (settings: Partial<ClaudeSettings> = {}): { readonly generator: Generator; readonly batches: Batches } => {
  const generator = claudeAt(api.url, settings, { clock, now: () => nowMs() });
  if (!generator.batches) throw new Error('claude has no batches');
  return { generator, batches: generator.batches };
};

const questions = (...keys: readonly string[]): { readonly key: string; readonly context: GenerationContext }[] =>
  keys.map((key, seed) => ({ key, context: generationContext({ seed }) }));

const send = async (batches: Batches, ...keys: readonly string[]): Promise<BatchSent> =>
  batches.send(questions(...keys), { cancel: NEVER, leave: NEVER });

const idOf = (sent: BatchSent): string => {
  if (sent.kind !== 'sent') throw new Error(`it was ${sent.kind}`);
  return sent.id;
};

const follow = async (
  batches: Batches,
  id: string,
  wish: { readonly cancel?: AbortSignal; readonly leave?: AbortSignal } = {},
): Promise<BatchEnd> => batches.follow(id, { cancel: NEVER, leave: NEVER, onState: () => undefined, ...wish });

const read = async (
  batches: Batches,
  id: string,
  ...keys: readonly string[]
): Promise<{ readonly end: BatchEnd; readonly answers: Map<string, Answer> }> => {
  const answers = new Map<string, Answer>();
  const onResult: Parameters<Batches['results']>[1]['onResult'] = (result) => void answers.set(result.key, result.read(context));
  return { end: await batches.results(id, { keys, leave: NEVER, onResult }), answers };
};

const answered = async (batches: Batches, ...keys: readonly string[]): Promise<Map<string, Answer>> => {
  const id = idOf(await send(batches, ...keys));
  expect(await follow(batches, id)).toEqual({ kind: 'ended' });
  return (await read(batches, id, ...keys)).answers;
};

const find = async (batches: Batches, sinceMs: number, keys: readonly string[], leave: AbortSignal = NEVER) =>
  batches.find({ keys, sinceMs, requests: keys.length }, { leave, onState: () => undefined });

describe('a batch', () => {
  test('is answered question by question, each by its name, at half of every price', async () => {
    api.answerWith(({ number }) => ({ input: { ...DRAFT, idea: `answer ${number}` }, usage: USAGE }));
    const answers = await answered(claude().batches, 'a-1', 'a-2', 'a-3');
    expect([...answers].map(([key, answer]) => `${key}: ${answer.ok ? answer.draft.idea : ''}`).toSorted()).toEqual([
      'a-1: answer 1',
      'a-2: answer 2',
      'a-3: answer 3',
    ]);
    // claude-sonnet-5-5, halved: 1, 1.25, 0.05 and 5 dollars per million tokens.
    const micros = Math.ceil(1001 + 3 * 1.25 + 20_007 * 0.05 + 333 * 5);
    expect(answers.get('a-2')?.usage).toEqual({
      inputTokens: 1001,
      cacheWriteTokens: 3,
      cacheReadTokens: 20_007,
      outputTokens: 333,
      micros,
    });
  });

  test('is read past what was thought before its answers', async () => {
    api.answerWith(({ number }) => ({
      thinking: number === 1 ? JSON.stringify({ ...DRAFT, idea: 'a thought' }) : null,
      input: DRAFT,
    }));
    const answers = await answered(claude().batches, 'a-1', 'a-2');
    expect([...answers.values()]).toMatchObject([
      { ok: true, draft: DRAFT },
      { ok: true, draft: DRAFT },
    ]);
  });

  test('asks each question as it is asked directly, without a stream', async () => {
    const { generator, batches } = claude({ effort: 'low' });
    await generator.next(context, NEVER);
    await answered(batches, 'a-1');
    const [direct, batched] = api.requests.map(({ body }) => body);
    const { stream, ...same } = direct ?? {};
    expect(stream).toBe(true);
    expect({ ...batched, messages: null }).toEqual({ ...same, messages: null });
  });

  test('reserves half of what a direct answer may cost at most', () => {
    const { generator, batches } = claude();
    expect(batches.reserveMicros(context)).toBe(Math.ceil(generator.reserveMicros(context) / 2));
  });

  test('is looked at more and more seldom while it is answered', async () => {
    api.batches.looks = 6;
    await answered(claude({ batches: { collectSeconds: 1, pollSeconds: 30 } }).batches, 'a-1');
    const share = 1 - 0.25 / 2;
    expect(clock.waits).toEqual([5000, 10_000, 20_000, 30_000, 30_000, 30_000].map((ms) => ms * share));
  });

  test('tells refusals, truncation, errors and what expired as of a direct answer, and what is billed of it', async () => {
    const said = [
      { input: DRAFT, stopReason: 'refusal', usage: USAGE },
      { input: DRAFT, stopReason: 'max_tokens', usage: USAGE },
      { text: 'I would rather not', usage: USAGE },
      { status: 529, type: 'overloaded_error', message: 'busy' },
      { status: 400, type: 'invalid_request_error', message: 'the prompt is too long' },
    ] as const;
    api.answerWith(({ number }) => said[number - 1] ?? { input: DRAFT });
    api.batches.result = (key) => (key === 'a-6' ? 'expired' : null);
    const answers = await answered(claude().batches, 'a-1', 'a-2', 'a-3', 'a-4', 'a-5', 'a-6');
    const told = ['a-1', 'a-2', 'a-3', 'a-4', 'a-5', 'a-6'].map((key) => {
      const answer = answers.get(key);
      return answer?.ok === false ? `${answer.failure} ${answer.usage.micros > 0 ? 'billed' : 'free'}: ${answer.message}` : 'ok';
    });
    expect(told).toEqual([
      'refused billed: the model declined to answer',
      'truncated billed: the answer was cut off at 4000 tokens; raise maxTokens or lower effort',
      'malformed billed: no candidate was handed in; it wrote: I would rather not',
      'unavailable free: in a batch the service answered overloaded_error: busy; it is not billed',
      expect.stringMatching(/^unavailable free: the service answered 400: the prompt is too long; check agents/),
      'timed_out free: the batch expired before it was answered (after 24 h); it is not billed',
    ]);
  });

  test('of a model that the key may not use keeps everybody from asking', async () => {
    api.answerWith({ status: 404, type: 'not_found_error', message: 'no such model' });
    const { generator, batches } = claude();
    await answered(batches, 'a-1');
    expect(generator.unavailable).toContain('the service answered 404: no such model; check model and baseUrl');
  });

  test('whose usage makes no sense costs what was reserved', async () => {
    api.answerWith({ input: DRAFT, usage: { ...USAGE, output_tokens: -5 } });
    const { batches } = claude();
    const answer = (await answered(batches, 'a-1')).get('a-1');
    expect(answer).toMatchObject({ ok: false, failure: 'malformed', usage: { micros: batches.reserveMicros(context) } });
  });

  test('is read where it was sent, whatever address it names for its results', async () => {
    const other = await listen(async (_incoming, response) => {
      response.end('not for you');
    });
    api.batches.resultsOrigin = other.url;
    expect((await answered(claude().batches, 'a-1')).get('a-1')).toMatchObject({ ok: true });
    await other.close();
  });
});

describe('trouble of the service', () => {
  test('while a batch is made is waited out, and only one is made', async () => {
    api.batches.trouble = (call, number) => {
      if (call !== 'create' || number > 3) return null;
      return { status: [429, 529, 503][number - 1] ?? 429, headers: { 'retry-after': '7' } };
    };
    const { batches } = claude();
    expect(await send(batches, 'a-1')).toMatchObject({ kind: 'sent' });
    expect(clock.waits).toEqual([7000, 7000, 7000]);
    expect(api.batches.all).toHaveLength(1);
  });

  test('that lasts is told, and nothing is billed', async () => {
    api.batches.trouble = () => ({ status: 529, type: 'overloaded_error', message: 'busy' });
    expect(await send(claude().batches, 'a-1')).toMatchObject({
      kind: 'refused',
      failure: {
        failure: 'unavailable',
        message: 'no batch was made: the service answered 529: busy; 6 tries, the last one just now',
        usage: { micros: 0 },
      },
    });
  });

  test('with the key ends asking for all', async () => {
    api.batches.trouble = () => ({ status: 401, type: 'authentication_error', message: 'invalid x-api-key' });
    const { generator, batches } = claude();
    expect(await send(batches, 'a-1')).toMatchObject({ kind: 'refused' });
    expect(generator.unavailable).toContain('the service answered 401: invalid x-api-key; give the daemon a key');
  });

  test('while it is looked at and read is waited out, and what broke off is read again', async () => {
    api.batches.trouble = (call, number) => {
      if (call === 'retrieve' && number < 4) return { status: [500, 429, 401][number - 1] ?? 500 };
      if (call === 'results' && number === 1) return { status: 529 };
      return call === 'results' && number === 2 ? { cut: 'half' } : null;
    };
    const answers = await answered(claude().batches, 'a-1', 'a-2', 'a-3');
    expect([...answers.values()].every(({ ok }) => ok)).toBe(true);
    expect(answers.size).toBe(3);
  });

  test('whose gateway knows nothing of a batch for some minutes loses no answer that was paid for', async () => {
    const { batches } = claude();
    const id = idOf(await send(batches, 'a-1'));
    api.batches.trouble = (call, number) => (call !== 'create' && number <= 8 ? { status: 404 } : null);
    expect(await follow(batches, id)).toEqual({ kind: 'ended' });
    expect((await read(batches, id, 'a-1')).answers.get('a-1')).toMatchObject({ ok: true });
  });

  test('that leaves nothing of a batch is the end of it', async () => {
    const { batches } = claude();
    expect(await follow(batches, 'msgbatch_gone')).toEqual({ kind: 'lost', message: 'the service answered 404: no retrieve' });
  });

  test('that leaves a question out of the results is told of that question alone', async () => {
    const { batches } = claude();
    const id = idOf(await send(batches, 'a-1'));
    await follow(batches, id);
    const { end, answers } = await read(batches, id, 'a-1', 'a-2');
    expect([...answers.keys()]).toEqual(['a-1']);
    expect(end).toEqual({ kind: 'lost', message: `the results of ${id} do not name it` });
  });
});

describe('a batch that is not to go on', () => {
  test('is cancelled once, and what was answered by then is answered', async () => {
    api.batches.looks = Infinity;
    const { batches } = claude();
    const id = idOf(await send(batches, 'a-1', 'a-2'));
    await api.batches.all[0]?.answer(1);
    api.batches.trouble = (call, number) => (call === 'cancel' && number === 1 ? { status: 529 } : null);
    expect(await follow(batches, id, { cancel: AbortSignal.abort() })).toEqual({ kind: 'ended' });
    const { answers } = await read(batches, id, 'a-1', 'a-2');
    expect(answers.get('a-1')).toMatchObject({ ok: true });
    expect(answers.get('a-2')).toMatchObject({ ok: false, failure: 'stopped', isUnbilled: true, usage: { micros: 0 } });
    expect(api.batches.calls.filter(({ call }) => call === 'cancel')).toHaveLength(2);
  });

  test('stays as it is where the daemon stops', async () => {
    api.batches.looks = Infinity;
    const { batches } = claude();
    const id = idOf(await send(batches, 'a-1'));
    const leave = new AbortController();
    const followed = batches.follow(id, { cancel: NEVER, leave: leave.signal, onState: () => leave.abort() });
    expect(await followed).toEqual({ kind: 'left' });
    expect(api.batches.calls.filter(({ call }) => call === 'cancel')).toHaveLength(0);
  });

  test('and never ends is cancelled after the 24 hours, and given up where that does not help', async () => {
    api.batches.looks = Infinity;
    const { batches } = claude();
    const id = idOf(await send(batches, 'a-1'));
    nowMs = () => Date.now() + 25.5 * HOUR_MS;
    expect(await follow(batches, id)).toEqual({ kind: 'ended' });
    expect((await read(batches, id, 'a-1')).answers.get('a-1')).toMatchObject({ failure: 'stopped', isUnbilled: true });
    const next = idOf(await send(batches, 'a-1'));
    nowMs = () => Date.now() + 26.5 * HOUR_MS;
    expect(await follow(batches, next)).toEqual({
      kind: 'lost',
      message: 'it has not ended long after the 24 h that a batch has',
    });
  });
});

describe('a batch whose id was never heard', () => {
  test.each([
    ['the connection was cut', { cut: 'after' as const }],
    ['a gateway answered 504', { status: 504, isDone: true }],
  ])('because %s is found by the names of its questions among those of others', async (_why, trouble) => {
    api.batches.trouble = (call) => (call === 'create' ? trouble : null);
    api.batches.looks = Infinity;
    api.batches.addOther(['b-1', 'b-2']);
    const sinceMs = Date.now();
    const { batches } = claude();
    expect(await send(batches, 'a-1', 'a-2')).toMatchObject({ kind: 'unknown' });
    api.batches.addOther(['b-1', 'b-3']);
    api.batches.addOther(['c-1']);
    for (const batch of api.batches.all) {
      await batch.answer();
      batch.end();
    }
    // Another daemon, after a crash.
    expect(await find(claude().batches, sinceMs, ['a-1', 'a-2'])).toEqual({ kind: 'found', id: 'msgbatch_fake_2' });
  });

  test('is waited for while any batch of as many requests is open', async () => {
    api.batches.looks = Infinity;
    const sinceMs = Date.now();
    idOf(await send(claude().batches, 'a-1'));
    const states: string[] = [];
    const found = claude().batches.find(
      { keys: ['a-1'], sinceMs, requests: 1 },
      {
        leave: NEVER,
        onState: (state) => {
          states.push(state);
          if (states.length === 6) void api.batches.all[0]?.answer().then(() => api.batches.all[0]?.end());
        },
      },
    );
    expect(await found).toEqual({ kind: 'found', id: 'msgbatch_fake_1' });
    expect(states[0]).toBe('one of 1 batches may hold it: that shows when they end');
  });

  test('was never made where the list does not have it after some looks', async () => {
    api.batches.addOther(['b-1', 'b-2']);
    expect(await find(claude().batches, Date.now(), ['a-1'])).toEqual({ kind: 'none' });
    expect(api.batches.calls.filter(({ call }) => call === 'list')).toHaveLength(3);
  });

  test('is not looked for before it can have been made, and on every page of the list', async () => {
    api.batches.looks = Infinity;
    idOf(await send(claude().batches, 'a-1'));
    for (let other = 0; other < 250; other += 1) api.batches.addOther(['b-1', `b-${other}x`]);
    const [ours] = api.batches.all;
    await ours?.answer();
    ours?.end();
    expect(await find(claude().batches, Date.now(), ['a-1'])).toEqual({ kind: 'found', id: 'msgbatch_fake_1' });
    expect(await find(claude().batches, Date.now() + HOUR_MS, ['a-1'])).toEqual({ kind: 'none' });
  });

  test('cannot be found where batches cannot be listed', async () => {
    api.batches.trouble = (call) => (call === 'list' ? { status: 404, message: 'no list here' } : null);
    expect(await find(claude().batches, Date.now(), ['a-1'])).toEqual({
      kind: 'lost',
      message: 'batches cannot be listed: the service answered 404: no list here',
    });
  });
});
