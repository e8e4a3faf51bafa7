import { describe, expect, test } from 'vitest';
import { NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import { BATCHED, batchRig, collecting, only, priced, stepOf, USAGE, waiting } from '../../support/agents/batch-rig.ts';
import type { CampaignStore } from '../../../src/domain/ports/store.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';
import { candidateSource, createScriptedGenerator } from '../../support/agents/scripted-generator.ts';

const rig = campaignRig();
const service = batchRig();
const { claude, batchOf } = service;

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
    expect(service.api.batches.all.map(({ customIds }) => customIds.length)).toEqual([4, 4, 4, 4]);
    expect(service.api.billed.map(({ batch }) => batch !== undefined)).toEqual(
      Array.from({ length: 20 }, (_, index) => index >= 4),
    );
    const rows = await generationsOf(campaigns, id);
    for (const { idea, usage } of rows) {
      const billed = service.api.billed.find(({ request: asked }) => `answer ${asked.number}` === idea);
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
    expect(service.api.billed.every(({ batch }) => batch === undefined)).toBe(true);
    expect(before.batches).toHaveLength(1);
    collected.send();
    await until(campaigns, id, ({ generations }) => generations.judged > 12);
    collected.send();
    await until(campaigns, id, isFinished);
    const direct = service.api.billed.filter(({ batch }) => batch === undefined).length;
    expect(direct).toBeGreaterThan(12);
    expect(service.api.billed.length).toBe(20);
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
    expect(service.api.batches.calls).toEqual([]);
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
    service.api.batches.result = () => {
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
    service.api.batches.looks = Infinity;
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
    expect(service.api.batches.calls).toEqual([]);
  });

  test('whose minutes are over cancels its batch and ends with what was answered', async () => {
    service.api.batches.looks = Infinity;
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
        { interval: 20 },
      )
      .toBe('finished');
    expect(Math.max(...seen)).toBeLessThanOrEqual(0.16);
    expect(service.api.billed.some(({ batch }) => batch !== undefined)).toBe(true);
  });

  test('is refused where nobody could answer in batches', async () => {
    const campaigns = await rig.campaigns(rig.judging({ judgeMs: 1 }), [createScriptedGenerator({})]);
    await expect(campaigns.create(request({ batches: true }))).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      details: { field: 'batches' },
    });
  });
});
