/** A campaign store in memory: a run of a policy is over in seconds. */
import type { Campaign, Generation } from '../../../src/domain/campaign/campaign.ts';
import type { CampaignStore } from '../../../src/domain/ports/store.ts';

export const createMemoryStore = (): CampaignStore => {
  const campaigns = new Map<string, Campaign>();
  const generations = new Map<string, Generation>();
  return {
    appendEvents: async () => undefined,
    createCampaign: async (campaign) => void campaigns.set(campaign.id, campaign),
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
