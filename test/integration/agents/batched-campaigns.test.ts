import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { batchPrices, microsOf, pricesOf } from '../../../src/agents/generators/prices.ts';
import type { Generator } from '../../../src/agents/generator.ts';
import { Campaign, NO_USAGE, type Generation, type GenerationState } from '../../../src/domain/campaign/campaign.ts';
import type { CampaignView } from '../../../src/domain/api/campaigns.ts';
import { CampaignId, generationIdOf } from '../../../src/domain/ids.ts';
import { claudeAt } from '../../support/agents/claude-generator.ts';
import type { CampaignStore } from '../../../src/domain/ports/store.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';
import type { FakeBatch } from '../../support/agents/fake-batches.ts';
import { type FakeMessagesApi, startFakeMessagesApi } from '../../support/agents/fake-messages-api.ts';
import { generation } from '../../support/agents/generations.ts';
import { candidateSource, createScriptedGenerator } from '../../support/agents/scripted-generator.ts';

const MODEL = 'claude-sonnet-5-5';
const USAGE = { input_tokens: 3000, cache_creation_input_tokens: 100, cache_read_input_tokens: 2000, output_tokens: 500 };
const PRICES = pricesOf(MODEL);
const rig = campaignRig();

let api: FakeMessagesApi;
beforeEach(async () => {
  api = await startFakeMessagesApi(({ number }) => ({
    input: { language: 'cuda', idea: `answer ${number}`, source: candidateSource(number, `speedup ${1 + number / 1000}`) },
    usage: USAGE,
  }));
});
afterEach(async () => {
  await api.close();
});

const claude = (): Generator => claudeAt(api.url, { model: MODEL, maxTokens: 1000 });

/** Batches are collected until the test sends them. */
const collecting = () => {
  const held = new Set<() => void>();
  return {
    clock: {
      after: (_ms: number, act: () => void) => {
        held.add(act);
        return () => void held.delete(act);
      },
    },
    send: () => {
      for (const act of held) act();
    },
  };
};

const BATCHED = { agents: 4, turns: 1, batches: true, budget: { candidates: 20, usd: 1 } };
const priced = (tokens: typeof USAGE, isBatched: boolean): number => {
  if (!PRICES) throw new Error(`no prices for ${MODEL}`);
  const counts = {
    inputTokens: tokens.input_tokens,
    cacheWriteTokens: tokens.cache_creation_input_tokens,
    cacheReadTokens: tokens.cache_read_input_tokens,
    outputTokens: tokens.output_tokens,
  };
  return microsOf(counts, isBatched ? batchPrices(PRICES) : PRICES);
};
/** Of the first batch of this campaign. */
const batchOf = (id: string): FakeBatch => {
  const found = api.batches.all.find(({ customIds }) => customIds[0]?.startsWith(id));
  if (!found) throw new Error(`${id} has sent no batch`);
  return found;
};
const stepOf = ({ state }: Generation): string | undefined => (state.status === 'asked' ? state.batch?.step : undefined);
const waiting = (count: number) => (view: { readonly batches?: readonly { readonly questions: number }[] | undefined }) =>
  (view.batches ?? []).reduce((sum, { questions }) => sum + questions, 0) === count;

/** The first questions have their verdicts, and so many of the others wait. */
const only =
  (count: number, judged = 4) =>
  (view: CampaignView) =>
    view.generations.judged === judged && view.generations.asked === count && waiting(count)(view);

describe('a campaign that allows batches', () => {
  test('asks its first questions directly and the others in batches, at half the price, within its budget', async () => {
    const collected = collecting();
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()], undefined, collected);
    const { id } = await campaigns.create(request(BATCHED));
    for (let batch = 1; batch <= 4; batch += 1) {
      const view = await until(campaigns, id, only(4, 4 * batch));
      expect(view.activity).toContain('4 questions wait in a batch');
      expect(view).toMatchObject({ batches: [{ generator: 'claude', id: null, questions: 4, state: 'collected' }] });
      expect(view.spent.reservedUsd).toBeGreaterThan(0);
      collected.send();
      await until(campaigns, id, ({ generations }) => generations.judged === 4 + 4 * batch);
    }
    const view = await until(campaigns, id, isFinished);
    expect(view.reason).toBe('the budget of 20 candidates is used up');
    expect(api.batches.all.map(({ customIds }) => customIds.length)).toEqual([4, 4, 4, 4]);
    expect(api.billed.map(({ batch }) => batch !== undefined)).toEqual(Array.from({ length: 20 }, (_, index) => index >= 4));
    const rows = await generationsOf(campaigns, id);
    for (const { idea, usage } of rows) {
      const billed = api.billed.find(({ request: asked }) => `answer ${asked.number}` === idea);
      expect(usage.micros).toBe(priced(USAGE, billed?.batch !== undefined));
    }
    const micros = 4 * priced(USAGE, false) + 16 * priced(USAGE, true);
    expect(view.spent).toMatchObject({ usd: micros / 1e6, reservedUsd: 0, candidates: 20 });
    expect(view.usage.cacheReadTokens).toBe(20 * 2000);
    expect(view.batches).toBeUndefined();
  });

  test('goes on from verdicts directly while the questions of others wait', async () => {
    const collected = collecting();
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()], undefined, collected);
    const { id } = await campaigns.create(request({ ...BATCHED, turns: 3, agents: 3, mix: 'fixed' }));
    // Three agents, three turns each, then whoever begins anew waits, and so do as many as there are agents.
    const before = await until(campaigns, id, (view) => waiting(3)(view) && view.generations.judged === 9);
    expect(api.billed.every(({ batch }) => batch === undefined)).toBe(true);
    expect(before.batches).toHaveLength(1);
    collected.send();
    await until(campaigns, id, ({ generations }) => generations.judged > 12);
    collected.send();
    await until(campaigns, id, isFinished);
    const direct = api.billed.filter(({ batch }) => batch === undefined).length;
    expect(direct).toBeGreaterThan(12);
    expect(api.billed.length).toBe(20);
  });

  test('that is stopped while a question is written down does not send it', async () => {
    const [collected, store, writing, stopped] = [
      collecting(),
      rig.store(),
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ];
    const slow: CampaignStore = {
      ...store,
      addGenerations: async (rows) => {
        if (rows.some((row) => stepOf(row) === 'collected')) {
          writing.resolve();
          await stopped.promise;
        }
        await store.addGenerations(rows);
      },
    };
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()], slow, collected);
    // One agent: the question that is asked directly is answered before the one that waits is written. Rows of questions are written one group after the other.
    const { id } = await campaigns.create(request({ ...BATCHED, agents: 1 }));
    await writing.promise;
    await until(campaigns, id, ({ generations }) => generations.judged === 1);
    await campaigns.stop(id);
    stopped.resolve();
    await until(campaigns, id, ({ generations }) => {
      collected.send();
      return generations.asked === 0;
    });
    expect(api.batches.calls).toEqual([]);
    expect((await generationsOf(campaigns, id)).map(({ state }) => state)).toMatchObject([
      { status: 'judged' },
      { status: 'failed', failure: 'stopped', message: 'stopped before its batch was sent; it is not billed' },
    ]);
    expect((await campaigns.view(id)).spent).toMatchObject({ usd: priced(USAGE, false) / 1e6, reservedUsd: 0 });
  });

  test('keeps a free generator at work meanwhile', async () => {
    const collected = collecting();
    const free = createScriptedGenerator({ name: 'free', latencyMs: 1 });
    free.answer = (number) => ({
      ok: true,
      draft: { language: 'cuda', source: candidateSource(1000 + number, 'speedup 1.1'), params: {}, idea: 'free', note: '' },
      usage: NO_USAGE,
    });
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude(), free], undefined, collected);
    const spec = { ...BATCHED, generators: [{ name: 'claude' }, { name: 'free' }], budget: { usd: 1, candidates: 100_000 } };
    const { id } = await campaigns.create(request(spec));
    await until(campaigns, id, waiting(4));
    const { generations } = await campaigns.view(id);
    await until(campaigns, id, (view) => view.generations.judged > generations.judged + 10);
    expect(waiting(4)(await campaigns.view(id))).toBe(true);
    collected.send();
    await campaigns.stop(id);
    await until(campaigns, id, ({ generations: left }) => left.asked + left.answered + left.submitted === 0);
  });

  test('tells why questions of a batch came to nothing, pays nothing for them and asks again', async () => {
    const collected = collecting();
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()], undefined, collected);
    const { id } = await campaigns.create(request({ ...BATCHED, budget: { usd: 1, candidates: 8 } }));
    await until(campaigns, id, only(4));
    let expired = 0;
    api.batches.result = () => {
      expired += 1;
      return expired <= 2 ? 'expired' : null;
    };
    collected.send();
    await until(campaigns, id, ({ generations }) => generations.judged === 6);
    await until(campaigns, id, waiting(2));
    collected.send();
    const view = await until(campaigns, id, isFinished);
    expect(view.byFailure).toEqual({ timed_out: 2 });
    expect(view.generations).toMatchObject({ judged: 8, lost: 0 });
    const messages = (await generationsOf(campaigns, id)).flatMap(({ state }) =>
      state.status === 'failed' ? [state.message] : [],
    );
    expect(new Set(messages)).toEqual(new Set(['the batch expired before it was answered (after 24 h); it is not billed']));
    expect(view.spent.usd).toBe((4 * priced(USAGE, false) + 4 * priced(USAGE, true)) / 1e6);
  });

  test('that a person stops cancels its batch, takes what was answered, and pays for nothing else', async () => {
    api.batches.looks = Infinity;
    const collected = collecting();
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()], undefined, collected);
    const { id } = await campaigns.create(request(BATCHED));
    await until(campaigns, id, only(4));
    collected.send();
    await until(campaigns, id, ({ batches }) => batches?.[0]?.state === 'being answered');
    await batchOf(id).answer(1);
    await campaigns.stop(id);
    const view = await until(campaigns, id, ({ generations }) => generations.asked === 0 && generations.judged === 5);
    expect(view.generations).toMatchObject({ asked: 0, answered: 0, submitted: 0, judged: 5, failed: 3, lost: 0 });
    expect(view.byFailure).toEqual({ stopped: 3 });
    expect(view.spent).toMatchObject({ usd: (4 * priced(USAGE, false) + priced(USAGE, true)) / 1e6, reservedUsd: 0 });
    expect(view.status).toBe('stopped');
  });

  test('that is stopped while it collects sends nothing', async () => {
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()], undefined, collecting());
    const { id } = await campaigns.create(request(BATCHED));
    await until(campaigns, id, only(4));
    await campaigns.stop(id);
    await until(campaigns, id, ({ generations }) => generations.asked === 0);
    expect((await campaigns.view(id)).byFailure).toEqual({ stopped: 4 });
    expect(api.batches.calls).toEqual([]);
  });

  test('whose minutes are over cancels its batch and ends with what was answered', async () => {
    api.batches.looks = Infinity;
    const collected = collecting();
    const time = { aheadMs: 0 };
    const clocks = { ...collected, monotonicMs: () => performance.now() + time.aheadMs };
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()], undefined, clocks);
    const { id } = await campaigns.create(request({ ...BATCHED, budget: { usd: 1, minutes: 600 } }));
    await until(campaigns, id, only(4));
    collected.send();
    await until(campaigns, id, ({ batches }) => batches?.[0]?.state === 'being answered');
    await batchOf(id).answer(3);
    time.aheadMs = 601 * 60_000;
    const view = await until(campaigns, id, isFinished);
    expect(view.reason).toMatch(/of the budget are over$/);
    expect(view.generations).toMatchObject({ judged: 7, failed: 1, asked: 0, lost: 0 });
  });

  test('never reserves more than its money', async () => {
    const collected = collecting();
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()], undefined, collected);
    const { id } = await campaigns.create(request({ ...BATCHED, agents: 2, budget: { usd: 0.16 } }));
    const seen: number[] = [];
    await expect
      .poll(
        async () => {
          const { status, spent } = await campaigns.view(id);
          seen.push(spent.usd + spent.reservedUsd);
          collected.send();
          return status;
        },
        { timeout: 60_000, interval: 20 },
      )
      .toBe('finished');
    expect(Math.max(...seen)).toBeLessThanOrEqual(0.16);
    expect(api.billed.some(({ batch }) => batch !== undefined)).toBe(true);
  });

  test('is refused where nobody could answer in batches', async () => {
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [createScriptedGenerator({})]);
    await expect(campaigns.create(request({ batches: true }))).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      details: { field: 'batches' },
    });
  });
});

const asked = (batch: NonNullable<Extract<GenerationState, { status: 'asked' }>['batch']>): GenerationState => ({
  status: 'asked',
  reservedMicros: 9000,
  batch,
});

describe('a batch whose daemon stops', () => {
  test('is followed by the next one, which sends nothing again and uses its answers', async () => {
    api.batches.looks = Infinity;
    const judging = rig.judging({ judgeMs: 1 });
    const collected = collecting();
    const first = await rig.campaigns(judging, [claude()], undefined, collected);
    const { id } = await first.create(request({ ...BATCHED, budget: { candidates: 8, usd: 1 } }));
    await until(first, id, only(4));
    collected.send();
    await until(first, id, ({ batches }) => batches?.[0]?.state === 'being answered');
    await first.close();
    expect((await rig.store().generations(id, { after: 4, limit: 10 })).map(stepOf)).toEqual(['sent', 'sent', 'sent', 'sent']);
    await batchOf(id).answer();
    batchOf(id).end();
    const again = await rig.campaigns(judging, [claude()], undefined, collecting());
    const view = await until(again, id, isFinished);
    expect(api.batches.all).toHaveLength(1);
    expect(view.generations).toMatchObject({ judged: 8, lost: 0, failed: 0 });
    expect(view.spent.usd).toBe((4 * priced(USAGE, false) + 4 * priced(USAGE, true)) / 1e6);
  });

  const ID = CampaignId.parse(`k-${'b'.repeat(16)}`);
  const AT = new Date().toISOString();
  const row = (campaignId: CampaignId, number: number, state: GenerationState): Generation =>
    generation(number, state, {
      id: generationIdOf(campaignId, number),
      campaignId,
      agent: number % 4,
      generator: 'claude',
      problem: 'vector_add',
      move: 'new',
      askedAt: AT,
      updatedAt: AT,
    });
  const stored = async (status: 'paused' | 'stopped', rows: readonly GenerationState[], id = ID): Promise<void> => {
    const { submitter, ...spec } = request({ ...BATCHED, generators: [{ name: 'claude' }] });
    const times = { createdAt: AT, updatedAt: AT, ranMs: 0 };
    await rig.store().createCampaign(Campaign.parse({ id, spec, status, reason: 'a test', submitter, ...times }));
    await rig.store().addGenerations(rows.map((state, index) => row(id, index + 1, state)));
  };

  test('between sending it and writing its id down is recognised among the batches of the service', async () => {
    api.batches.looks = Infinity;
    api.batches.addOther(['x-1', 'x-2']);
    const ours = api.batches.addOther([`${ID}_2`, `${ID}_3`]);
    const sending = { step: 'sending', at: AT, requests: 2 } as const;
    await stored('paused', [asked({ step: 'collected' }), asked(sending), asked(sending)]);
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()]);
    const view = await until(campaigns, ID, ({ batches }) => batches?.[0]?.state.includes('may hold it') ?? false);
    expect(view.batches).toMatchObject([
      { id: null, questions: 2, state: 'one of 2 batches may hold it: that shows when they end' },
    ]);
    expect(view.spent.reservedUsd).toBe(0.018);
    for (const batch of api.batches.all) {
      await batch.answer();
      batch.end();
    }
    await until(campaigns, ID, ({ generations }) => generations.judged === 2);
    const states = (await generationsOf(campaigns, ID)).map(({ state }) => state);
    expect(states[0]).toEqual({
      status: 'failed',
      failure: 'stopped',
      message: 'the daemon stopped before its batch was sent; it is not billed',
    });
    expect((await campaigns.view(ID)).spent.usd).toBe((2 * priced(USAGE, true)) / 1e6);
    expect(ours.results.size).toBe(2);
  });

  test('before the service had it costs nothing', async () => {
    const id = CampaignId.parse(`k-${'e'.repeat(16)}`);
    await stored('paused', [asked({ step: 'sending', at: AT, requests: 1 })], id);
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()]);
    const view = await until(campaigns, id, ({ generations }) => generations.asked === 0);
    expect(view.byFailure).toEqual({ unavailable: 1 });
    expect(view.spent).toMatchObject({ usd: 0, reservedUsd: 0 });
  });

  test('and that the service has no more is lost, and what was reserved for it counts', async () => {
    const id = CampaignId.parse(`k-${'f'.repeat(16)}`);
    await stored('paused', [asked({ step: 'sent', id: 'msgbatch_gone' })], id);
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()]);
    const view = await until(campaigns, id, ({ generations }) => generations.asked === 0);
    expect(view.spent).toMatchObject({ usd: 0.009, reservedUsd: 0 });
    const [lost] = await generationsOf(campaigns, id);
    expect(lost?.state).toMatchObject({
      failure: 'unavailable',
      message: 'its batch is lost: the service answered 404: no retrieve; the most that it can cost counts',
    });
  });

  test('of a campaign that was stopped meanwhile is cancelled, and what was answered is judged', async () => {
    api.batches.looks = Infinity;
    const id = CampaignId.parse(`k-${'a'.repeat(16)}`);
    const batch = api.batches.addOther([`${id}_1`, `${id}_2`]);
    await batch.answer(1);
    await stored('stopped', [asked({ step: 'sent', id: batch.id }), asked({ step: 'sent', id: batch.id })], id);
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [claude()]);
    const view = await until(campaigns, id, ({ generations }) => generations.judged === 1 && generations.failed === 1);
    expect(view.byFailure).toEqual({ stopped: 1 });
    expect(api.batches.calls.map(({ call }) => call)).toContain('cancel');
  });

  test('waits where its generator has no key, and says so', async () => {
    const id = CampaignId.parse(`k-${'9'.repeat(16)}`);
    await stored('paused', [asked({ step: 'sent', id: 'msgbatch_1' })], id);
    const { batches: _none, ...keyless } = { ...claude(), unavailable: 'ANTHROPIC_API_KEY is not set' };
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [keyless]);
    const view = await until(campaigns, id, ({ batches }) => batches !== undefined);
    expect(view.batches).toMatchObject([
      { id: 'msgbatch_1', questions: 1, state: 'its answers are fetched once claude can be used: ANTHROPIC_API_KEY is not set' },
    ]);
    await campaigns.close();
    expect((await rig.store().generations(id, { after: 0, limit: 1 })).map(stepOf)).toEqual(['sent']);
  });
});
