/** A campaign store in memory: a run of a policy is over in seconds. */
import type { Campaign, Generation } from '../../../src/domain/campaign/campaign.ts';
import type { Lesson, Recalled } from '../../../src/domain/campaign/lessons.ts';
import type { CampaignStore } from '../../../src/domain/ports/store.ts';

export const createMemoryStore = (): CampaignStore => {
  const campaigns = new Map<string, Campaign>();
  const generations = new Map<string, Generation>();
  const recalled = new Map<string, readonly Recalled[]>();
  const lessons = new Map<string, readonly Lesson[]>();
  return {
    appendEvents: async () => undefined,
    createCampaign: async (campaign, told = []) => {
      campaigns.set(campaign.id, campaign);
      recalled.set(campaign.id, told);
    },
    recalled: async (id) => recalled.get(id) ?? [],
    keepLessons: async (id, learned) => void lessons.set(id, learned),
    lessons: async (limit) => [...lessons.values()].toReversed().slice(0, limit),
    updateCampaign: async (id, change) => {
      const before = campaigns.get(id);
      if (before) campaigns.set(id, { ...before, ...change });
    },
    campaigns: async () => [...campaigns.values()].toReversed(),
    unfinishedCampaigns: async () => [],
    addGenerations: async (batch) => {
      for (const generation of batch) generations.set(generation.id, generation);
    },
    updateGenerations: async (batch) => {
      for (const { id, ...change } of batch) {
        const before = generations.get(id);
        if (before) generations.set(id, { ...before, ...change });
      }
    },
    generations: async (id, { after, limit }) =>
      [...generations.values()]
        .filter(({ campaignId, number }) => campaignId === id && number > after)
        .toSorted((a, b) => a.number - b.number)
        .slice(0, limit),
    withdrawVerdicts: async () => [],
    outdatedVerdicts: async () => [],
  };
};
