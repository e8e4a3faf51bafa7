import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Generator } from '../../../src/agents/generator.ts';
import type { Judging } from '../../../src/domain/ports/kiln.ts';
import type { CampaignStore } from '../../../src/domain/ports/store.ts';
import { NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import type { Generation } from '../../../src/domain/campaign/campaign.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import { candidateSource, createScriptedGenerator } from '../../support/agents/scripted-generator.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';

const rig = campaignRig();

const untilAborted = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort');
};

describe('a campaign', () => {
  test('asks, submits and waits until its candidates are used up, and says what it found', async () => {
    const judging = rig.judging({ judgeMs: 5 });
    const generator = createScriptedGenerator({ latencyMs: 3 });
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ start: { seeds: 'first' }, mix: 'fixed', budget: { candidates: 12 } }));
    const view = await until(campaigns, id, isFinished);
    expect(view.reason).toBe('the budget of 12 candidates is used up');
    expect(view.generations).toMatchObject({ judged: 12, asked: 0, answered: 0, submitted: 0 });
    expect(view.byVerdict).toEqual({ passed: 12 });
    expect(view.spent).toMatchObject({ candidates: 12, gpuMinutes: (12 * 5) / 60_000, usd: 0 });
    expect(view.best[0]?.startSpeedup).toBe(1);
    expect(view.best[0]?.best).toMatchObject({ speedup: 1.11, generator: 'scripted', idea: 'faster', language: 'cuda' });
    expect(view.best[0]?.best?.lineage.length).toBeGreaterThan(1);
    const all = await generationsOf(campaigns, id);
    expect(all.map(({ move }) => move).slice(0, 1)).toEqual(['seed']);
    expect(new Set(all.map(({ number }) => number)).size).toBe(12);
    expect(judging.submitted.every(({ submission }) => submission.submitter === `campaign:${id}`)).toBe(true);
    const records = all.filter(({ state }) => state.status === 'judged' && state.isRecord);
    expect(records.length).toBeGreaterThan(1);
    expect((await campaigns.report(id, { format: 'markdown' })).text).toContain(id);
    expect((await campaigns.report(id, { format: 'svg' })).contentType).toContain('image/svg+xml');
  });

  test('tells each agent of its last attempts, with why they failed', async () => {
    const judging = rig.judging({ judgeMs: 2 });
    const generator = createScriptedGenerator({
      answer: (number) => ({
        ok: true,
        draft: {
          language: 'cuda',
          source: candidateSource(number, 'verdict crashed'),
          params: {},
          idea: `try ${number}`,
          note: '',
        },
        usage: NO_USAGE,
      }),
    });
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ agents: 1, budget: { candidates: 8 } }));
    await until(campaigns, id, isFinished);
    const last = generator.asked.at(-1);
    expect(last?.attempts.length).toBeGreaterThan(0);
    expect(last?.attempts[0]).toMatchObject({ verdict: 'crashed', reason: 'crashed: case 4M: illegal address' });
    expect(generator.asked.some(({ move }) => move === 'repair')).toBe(true);
  });

  test('of one agent has more than one candidate judged at once, where the fleet is slower than it writes', async () => {
    const judging = rig.judging({ judgeMs: 1, slots: 2 });
    // Two devices that are done with nothing before two candidates wait for them.
    judging.slots = 0;
    const slow: Judging = {
      ...judging,
      queue: async () => {
        const queue = await judging.queue();
        return { ...queue, byDevice: queue.byDevice.map((device) => ({ ...device, slots: 2 })) };
      },
    };
    const campaigns = await rig.campaigns(slow, [createScriptedGenerator({ latencyMs: 1 })]);
    const { id } = await campaigns.create(request({ agents: 1, budget: { candidates: 8 } }));
    await until(campaigns, id, ({ waitingForVerdict }) => waitingForVerdict >= 2);
    judging.slots = 2;
    expect((await until(campaigns, id, isFinished)).generations).toMatchObject({ judged: 8, submitted: 0 });
  });

  test('never lets more agents think than it has, nor than the settings allow', async () => {
    const judging = rig.judging({ judgeMs: 1, slots: 64 });
    // None goes on before all of them have begun; then it takes long enough for one too many to begin too.
    const scripted = createScriptedGenerator({ latencyMs: 100 });
    const open = { now: 0, most: 0 };
    const allBegan = new AbortController();
    const generator: Generator = {
      ...scripted,
      next: async (context, signal) => {
        open.now += 1;
        open.most = Math.max(open.most, open.now);
        if (open.now === 7) allBegan.abort();
        await untilAborted(AbortSignal.any([allBegan.signal, signal]));
        const answer = await scripted.next(context, signal);
        open.now -= 1;
        return answer;
      },
    };
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ agents: 7, budget: { candidates: 35 } }));
    await until(campaigns, id, isFinished);
    expect(open.most).toBe(7);
  });

  test('spends no more than its budget, whatever the answers cost up to their reserve', async () => {
    const judging = rig.judging({ judgeMs: 1, slots: 8 });
    const generator = createScriptedGenerator({ latencyMs: 5, reserveMicros: 9000, costMicros: 4000 });
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ agents: 16, budget: { usd: 0.1 } }));
    const view = await until(campaigns, id, isFinished);
    expect(generator.billedMicros).toBeLessThanOrEqual(100_000);
    expect(generator.billedMicros).toBeGreaterThan(100_000 - 9000);
    expect(view.spent.usd).toBeCloseTo(generator.billedMicros / 1e6, 9);
    expect(view.reason).toContain('the next request may cost up to $0.0090');
  });

  test('writes down each question before it is asked, and each answer before it is submitted', async () => {
    const judging = rig.judging({ judgeMs: 1, slots: 4 });
    const store = rig.store();
    const durable = { asked: 0, sources: new Set<string>() };
    const slow: CampaignStore = {
      ...store,
      addGenerations: async (batch) => {
        await store.addGenerations(batch);
        durable.asked += batch.length;
      },
      updateGenerations: async (batch) => {
        await store.updateGenerations(batch);
        for (const { state } of batch) if (state.status === 'answered') durable.sources.add(state.draft.source);
      },
    };
    const early: string[] = [];
    const generator = createScriptedGenerator({ reserveMicros: 5, costMicros: 3 });
    const next: Generator['next'] = async (context, signal) => {
      if (durable.asked <= generator.asked.length) early.push(`question ${generator.asked.length + 1}`);
      return generator.next(context, signal);
    };
    const submit: Judging['submit'] = async (batch) => {
      early.push(...batch.map(({ source }) => source).filter((source) => !durable.sources.has(source)));
      return judging.submit(batch);
    };
    const campaigns = await rig.campaigns({ ...judging, submit }, [{ ...generator, next }], slow);
    const { id } = await campaigns.create(request({ agents: 1, budget: { candidates: 10, usd: 1 } }));
    expect((await until(campaigns, id, isFinished)).generations.judged).toBe(10);
    expect(early).toEqual([]);
  });

  test('ends close to its device minutes', async () => {
    const judging = rig.judging({ judgeMs: 20, slots: 2 });
    const campaigns = await rig.campaigns(judging, [createScriptedGenerator({ latencyMs: 1 })]);
    const { id } = await campaigns.create(request({ agents: 8, budget: { gpuMinutes: 0.01 } }));
    const view = await until(campaigns, id, isFinished);
    expect(view.spent.gpuMinutes).toBeGreaterThanOrEqual(0.01);
    expect(view.spent.gpuMinutes).toBeLessThan(0.0105);
  });

  test('stops thinking when paused, goes on when resumed, and ends for good when stopped', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const generator = createScriptedGenerator({ latencyMs: 5, reserveMicros: 10, costMicros: 5 });
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ budget: { usd: 100 } }));
    await until(campaigns, id, ({ generations }) => generations.judged > 3);
    expect(await campaigns.pause(id)).toMatchObject({ status: 'paused', reason: 'paused by a person' });
    await until(campaigns, id, ({ thinking, waitingForVerdict }) => thinking === 0 && waitingForVerdict === 0);
    const asked = generator.asked.length;
    expect((await campaigns.resume(id)).status).toBe('running');
    await until(campaigns, id, () => generator.asked.length > asked + 4);
    expect((await campaigns.stop(id)).status).toBe('stopped');
    expect((await campaigns.stop(id)).status).toBe('stopped');
    await expect(campaigns.resume(id)).rejects.toMatchObject({ code: 'CAMPAIGN_ENDED' });
    const view = await until(campaigns, id, ({ generations }) => generations.asked + generations.submitted === 0);
    // What was cut off counts with its reserve: nobody knows whether it was billed.
    expect(view.spent.usd).toBeCloseTo((generator.billedMicros + view.generations.lost * 10) / 1e6, 9);
  });

  test('says which duplicates it was given, and submits none of them', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const generator = createScriptedGenerator({
      answer: (number) => ({
        ok: true,
        draft: {
          language: 'cuda',
          source: `// ${number}\n${candidateSource(number < 4 ? number : 1, 'speedup 2')}`,
          params: {},
          idea: '',
          note: '',
        },
        usage: NO_USAGE,
      }),
    });
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ agents: 1, budget: { candidates: 100 } }));
    const view = await until(campaigns, id, isFinished);
    expect(view.reason).toMatch(/^nothing new is found/);
    expect(view.byFailure['duplicate']).toBeGreaterThan(100);
    expect(judging.submitted.length).toBeLessThan(20);
  });

  test('asks a generator that fails less and less often, says why, and goes on when it answers again', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const state = { isUp: false };
    const works = createScriptedGenerator({}).answer;
    const generator = createScriptedGenerator({
      answer: (number, context) =>
        state.isUp ? works(number, context) : { ok: false, failure: 'unavailable', message: 'no route', usage: NO_USAGE },
    });
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({ agents: 4, budget: { candidates: 5 } }));
    const view = await until(campaigns, id, ({ activity }) => activity.includes('no route'));
    expect(view.activity).toMatch(/scripted is (asked again in \d+ s|tried once more): unavailable: no route/);
    expect(generator.asked.length).toBeLessThanOrEqual(8);
    state.isUp = true;
    expect((await until(campaigns, id, isFinished)).generations.judged).toBe(5);
  });

  test('waits while the queue is full, says so, and loses nothing', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    judging.trouble = new KilnError('QUEUE_FULL', '9 candidates wait; the limit is 9');
    const campaigns = await rig.campaigns(judging, [createScriptedGenerator({})]);
    const { id } = await campaigns.create(request({ budget: { candidates: 6 } }));
    const view = await until(campaigns, id, ({ activity }) => activity.includes('9 candidates wait'));
    expect(view.generations.answered).toBeGreaterThan(0);
    judging.trouble = null;
    expect((await until(campaigns, id, isFinished)).generations.judged).toBe(6);
  });

  test('spreads its agents over problems and generators by their shares', async () => {
    const judging = rig.judging({ judgeMs: 1, slots: 8 });
    const generators = ['a', 'b'].map((name) => createScriptedGenerator({ name, latencyMs: 2 }));
    const campaigns = await rig.campaigns(judging, generators);
    const { id } = await campaigns.create(
      request({
        problems: ['vector_add', 'softmax'],
        agents: 8,
        mix: 'fixed',
        generators: [{ name: 'a', share: 3 }, { name: 'b' }],
        budget: { candidates: 80 },
      }),
    );
    await until(campaigns, id, isFinished);
    const all = await generationsOf(campaigns, id);
    const share = (isSo: (row: Generation) => boolean): number => all.filter(isSo).length / all.length;
    expect(share(({ generator }) => generator === 'a')).toBeGreaterThan(0.6);
    expect(share(({ generator }) => generator === 'b')).toBeGreaterThan(0.15);
    expect(share(({ problem }) => problem === 'softmax')).toBeGreaterThan(0.35);
    expect(new Set(all.map(({ island }) => island)).size).toBe(4);
  });

  test('is refused with the field to correct, before anything is kept', async () => {
    const judging = rig.judging({ judgeMs: 1 });
    const away = { ...createScriptedGenerator({ name: 'away' }), unavailable: 'its key is not set' };
    const paid = createScriptedGenerator({ name: 'paid', isPaid: true });
    const free = createScriptedGenerator({ name: 'free' });
    const campaigns = await rig.campaigns(judging, [free, paid, away]);
    const refused = async (wish: Parameters<typeof request>[0]): Promise<string> => {
      const error = await campaigns.create(request(wish)).catch((thrown: unknown) => thrown);
      return error instanceof KilnError ? `${error.code} ${error.message}` : 'was not refused';
    };
    expect(await refused({ problems: ['nothing'] })).toMatch(/^UNKNOWN_PROBLEM problems: /);
    expect(await refused({ devices: ['toaster'] })).toMatch(/^UNKNOWN_DEVICE devices: /);
    expect(await refused({ languages: ['c'] })).toMatch(/^UNSUPPORTED_LANGUAGE languages: /);
    expect(await refused({ generators: [{ name: 'nobody' }] })).toMatch(/^UNKNOWN_GENERATOR generators: "nobody" is not known/);
    expect(await refused({ generators: [{ name: 'away' }] })).toMatch(/^UNKNOWN_GENERATOR .*its key is not set/);
    expect(await refused({ generators: [{ name: 'paid' }] })).toMatch(/^INVALID_REQUEST budget\.usd: /);
    expect(await refused({ budget: { usd: 1 } })).toMatch(/^INVALID_REQUEST budget: .* costs no money/);
    const both = [{ name: 'paid' }, { name: 'free' }];
    expect(await refused({ generators: both, budget: { usd: 1 } })).toMatch(
      /^INVALID_REQUEST budget: generator "free" costs no money/,
    );
    const source = { problem: 'softmax', language: 'cuda' as const, source: '//' };
    expect(await refused({ start: { sources: [source] } })).toMatch(/^INVALID_REQUEST start\.sources: /);
    expect(judging.submitted).toEqual([]);
  });

  test('has one of its best profiled for a generator that reads profiles, and none for others', async () => {
    for (const readsProfiles of [true, false]) {
      const judging = rig.judging({ judgeMs: 1 });
      const campaigns = await rig.campaigns(judging, [createScriptedGenerator({ readsProfiles })]);
      const { id } = await campaigns.create(request({}));
      await until(campaigns, id, isFinished);
      const passed = judging.submitted.filter(({ id: candidate }) => judging.profiles.has(candidate));
      expect(passed).toHaveLength(readsProfiles ? 1 : 0);
    }
  });

  test('costs nothing while no host has its device', async () => {
    const judging = rig.judging({ judgeMs: 1, slots: 0 });
    const generator = createScriptedGenerator({});
    const campaigns = await rig.campaigns(judging, [generator]);
    const { id } = await campaigns.create(request({}));
    await until(campaigns, id, ({ activity }) => activity.includes('H100'));
    expect(generator.asked).toEqual([]);
    judging.slots = 2;
    await until(campaigns, id, isFinished);
  });
});
