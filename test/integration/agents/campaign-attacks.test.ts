import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { createCampaigns } from '../../../src/agents/campaigns.ts';
import type { AgentCampaigns } from '../../../src/agents/campaigns.ts';
import type { CampaignStore } from '../../../src/domain/ports/store.ts';
import { createScriptedGenerator } from '../../support/agents/scripted-generator.ts';
import type { ScriptedGenerator } from '../../support/agents/scripted-generator.ts';
import { campaignRig, generationsOf, isFinished, request, until } from '../../support/agents/campaign-rig.ts';

const DAY_MS = 86_400_000;
/** Less than a clock is set by, and far more than a test takes. */
const MINUTES = 600;
const rig = campaignRig();
const opened: AgentCampaigns[] = [];
afterEach(async () => {
  for (const campaigns of opened.splice(0)) await campaigns.close();
});

const start = async (
  generator: ScriptedGenerator,
  {
    store = rig.store(),
    ...clocks
  }: { readonly store?: CampaignStore; readonly now?: () => number; readonly monotonicMs?: () => number } = {},
): Promise<AgentCampaigns> => {
  const campaigns = createCampaigns({
    store,
    now: Date.now,
    judging: rig.judging({ judgeMs: 5 }),
    generators: { all: [generator], byName: new Map([[generator.name, generator]]), default: generator },
    settings: { queueSeconds: 1, thinkingMax: 1000 },
    log: pino({ level: 'silent' }),
    ...clocks,
  });
  opened.push(campaigns);
  await campaigns.start();
  return campaigns;
};

test.each([-DAY_MS, DAY_MS])(
  'a clock that is set by %i ms neither lengthens nor shortens the minutes of a campaign',
  async (jump) => {
    const clock = { offset: 0, aheadMs: 0 };
    const generator = createScriptedGenerator({ latencyMs: 5 });
    const campaigns = await start(generator, {
      now: () => Date.now() + clock.offset,
      monotonicMs: () => performance.now() + clock.aheadMs,
    });
    const { id } = await campaigns.create(request({ budget: { minutes: MINUTES } }));
    await until(campaigns, id, ({ generations }) => generations.judged > 0);
    clock.offset = jump;
    const judged = (await campaigns.view(id)).generations.judged;
    await until(campaigns, id, ({ generations }) => generations.judged > judged + 5);
    expect((await campaigns.view(id)).status).toBe('running');
    clock.aheadMs = MINUTES * 60_000;
    const view = await until(campaigns, id, isFinished);
    expect(view.spent.minutes).toBeGreaterThanOrEqual(MINUTES);
    expect(view.spent.minutes).toBeLessThan(DAY_MS / 60_000 / 2);
  },
);

test('a clock that is set back does not keep a generator that failed from being asked again', async () => {
  const clock = { offset: 0 };
  const generator = createScriptedGenerator({});
  const { answer } = generator;
  generator.answer = (number, context) =>
    number > 1 ? answer(number, context) : { ok: false, failure: 'unavailable', message: 'away', usage: NOTHING };
  const campaigns = await start(generator, { now: () => Date.now() + clock.offset });
  const { id } = await campaigns.create(request({ budget: { candidates: 3 }, agents: 1 }));
  await until(campaigns, id, ({ byFailure }) => byFailure['unavailable'] === 1);
  clock.offset = -DAY_MS;
  expect((await until(campaigns, id, isFinished)).generations.judged).toBe(3);
});

test('a generator that rejects is a failed answer that counts with its reserve, and the campaign ends', async () => {
  const generator = createScriptedGenerator({ reserveMicros: 1000, costMicros: 400 });
  const { answer } = generator;
  generator.answer = (number, context) => {
    if (number === 1) throw new Error('a defect');
    return answer(number, context);
  };
  const campaigns = await start(generator);
  const { id } = await campaigns.create(request({ budget: { usd: 1, candidates: 3 }, agents: 1 }));
  const view = await until(campaigns, id, isFinished);
  expect(view.generations).toMatchObject({ asked: 0, failed: 1, judged: 3 });
  expect(view.spent.usd).toBeCloseTo((1000 + 3 * 400) / 1e6, 9);
  expect((await generationsOf(campaigns, id))[0]?.state).toMatchObject({ status: 'failed', failure: 'unavailable' });
});

test('a slow write of a pause does not bring back a campaign that was stopped meanwhile', async () => {
  const kept = rig.store();
  const late = Promise.withResolvers<void>();
  const store: CampaignStore = {
    ...kept,
    updateCampaign: async (id, change) => {
      if (change.status === 'paused') await late.promise;
      await kept.updateCampaign(id, change);
      if (change.status === 'stopped') late.resolve();
    },
  };
  const campaigns = await start(createScriptedGenerator({ latencyMs: 20 }), { store });
  const { id } = await campaigns.create(request({ budget: { candidates: 1000 } }));
  await until(campaigns, id, ({ generations }) => generations.judged > 0);
  await Promise.all([campaigns.pause(id), campaigns.stop(id)]);
  expect(await statusOf(kept, id)).toBe('stopped');
});

const statusOf = async (store: CampaignStore, id: string) =>
  (await store.campaigns()).find((campaign) => campaign.id === id)?.status;

test('a hundred campaigns that are created at once do not pass the limit', async () => {
  const campaigns = await start(createScriptedGenerator({ latencyMs: 50 }));
  const asked = Array.from({ length: 100 }, async () => campaigns.create(request({ budget: { candidates: 1 }, agents: 1 })));
  const settled = await Promise.allSettled(asked);
  expect(settled.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(64);
  const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  expect(refused[0]).toMatchObject({ code: 'QUEUE_FULL' });
  // The tests of this file share a store, and an open campaign counts against the limit.
  const created = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value.id] : []));
  await Promise.all(created.map(async (id) => campaigns.stop(id)));
});

test('a starting source that no device of the campaign takes is refused, and a problem named twice counts once', async () => {
  const campaigns = await start(createScriptedGenerator({}));
  const sources = [{ problem: 'vector_add', language: 'c' as const, source: 'void f(void) {}' }];
  await expect(campaigns.create(request({ start: { seeds: 'none', sources } }))).rejects.toThrow(
    'start.sources: c is no language of this campaign, which takes cuda or triton',
  );
  const { spec, best } = await campaigns.create(request({ problems: ['vector_add', 'vector_add'] }));
  expect(spec.problems).toEqual(['vector_add']);
  expect(best).toHaveLength(1);
});

const NOTHING = { inputTokens: 0, cacheWriteTokens: 0, cacheReadTokens: 0, outputTokens: 0, micros: 0 };
