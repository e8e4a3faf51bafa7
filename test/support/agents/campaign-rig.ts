/** Campaigns over a real embedded store and an engine in memory, and what tests ask of them. */
import { rmSync } from 'node:fs';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { z } from 'zod';
import { createCampaigns } from '../../../src/agents/campaigns.ts';
import type { AgentCampaigns } from '../../../src/agents/campaigns.ts';
import type { Generator } from '../../../src/agents/generator.ts';
import type { Judging } from '../../../src/domain/ports/kiln.ts';
import type { CampaignStore } from '../../../src/domain/ports/store.ts';
import { CampaignView, CreateCampaign } from '../../../src/domain/api/campaigns.ts';
import { Generation } from '../../../src/domain/campaign/campaign.ts';
import type { CampaignId } from '../../../src/domain/ids.ts';
import { openEmbedded } from '../../../src/store/pglite.ts';
import type { OpenDatabase } from '../../../src/store/pglite.ts';
import { createStore } from '../../../src/store/store.ts';
import type { SqlStore } from '../../../src/store/store.ts';
import { createQuickJudging } from './quick-judging.ts';
import type { QuickJudging } from './quick-judging.ts';
import { databaseFolder } from '../database-folder.ts';

const QUEUE_SECONDS = 1;

export interface CampaignRig {
  store(): SqlStore;
  judging(options: Parameters<typeof createQuickJudging>[0]): QuickJudging;
  /** Started; closed when the test ends. The first generator is the default. */
  campaigns(judging: Judging, generators: readonly Generator[], store?: CampaignStore, clocks?: Clocks): Promise<AgentCampaigns>;
}

type Clocks = Partial<Pick<Parameters<typeof createCampaigns>[0], 'clock' | 'monotonicMs'>>;

/** To be called once a file, outside of tests: it opens and closes the store around them. */
export const campaignRig = (): CampaignRig => {
  const folder = databaseFolder();
  const closers: (() => Promise<void> | void)[] = [];
  let database: OpenDatabase;
  beforeAll(async () => {
    database = await openEmbedded(folder);
  });
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
    // What a test left behind, or failed before it ended, would go on in the next one.
    await database.sql.script('truncate kiln.campaigns, kiln.generations');
  });
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    store: () => createStore(database.sql),
    judging: (options) => {
      const judging = createQuickJudging(options);
      closers.push(() => judging.close());
      return judging;
    },
    campaigns: async (judging, generators, store = createStore(database.sql), clocks = {}) => {
      const [first] = generators;
      if (!first) throw new Error('a test needs a generator');
      const campaigns = createCampaigns({
        store,
        judging,
        generators: { all: generators, byName: new Map(generators.map((one) => [one.name, one])), default: first },
        settings: { queueSeconds: QUEUE_SECONDS, thinkingMax: 1000 },
        log: pino({ level: 'silent' }),
        now: Date.now,
        ...clocks,
      });
      closers.push(async () => campaigns.close());
      await campaigns.start();
      return campaigns;
    },
  };
};

export const request = (wish: Partial<z.input<typeof CreateCampaign>>): z.output<typeof CreateCampaign> =>
  CreateCampaign.parse({
    problems: ['vector_add'],
    devices: ['H100'],
    agents: 4,
    start: { seeds: 'none' },
    budget: { candidates: 12 },
    ...wish,
  });

export const until = async (
  campaigns: AgentCampaigns,
  id: CampaignId,
  isSo: (view: CampaignView) => boolean,
): Promise<CampaignView> => {
  await expect.poll(async () => isSo(await campaigns.view(id)), { interval: 20 }).toBe(true);
  return CampaignView.parse(await campaigns.view(id));
};

export const isFinished = (view: CampaignView): boolean => view.status === 'finished';

export const generationsOf = async (campaigns: AgentCampaigns, id: CampaignId): Promise<Generation[]> =>
  (await campaigns.generations(id, { after: 0, limit: 1000 })).generations.map((row) => Generation.parse(row));
