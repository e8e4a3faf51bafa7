/** Generations on their way into the store: all agents of all campaigns share each write. Resolves when the row is durable. */
import { createGroupCommit } from '../../../platform/group-commit.ts';
import type { Generation, GenerationUpdate } from '../../../domain/campaign/campaign.ts';
import type { CampaignStore } from '../../../domain/ports/store.ts';
import { retryWhileUnavailable } from '../state/retry-while-unavailable.ts';
import type { RetryOptions } from '../state/retry-while-unavailable.ts';

export interface GenerationWriter {
  add(generations: readonly Generation[], retry: RetryOptions): Promise<void>;
  update(change: GenerationUpdate, retry: RetryOptions): Promise<void>;
}

/** Both writes are idempotent, so that one whose answer was lost is made again. */
export const createGenerationWriter = (store: Pick<CampaignStore, 'addGenerations' | 'updateGenerations'>): GenerationWriter => {
  const additions = createGroupCommit(async (group: readonly Generation[]) => {
    await store.addGenerations(group);
    return [];
  });
  const updates = createGroupCommit(async (group: readonly GenerationUpdate[]) => {
    await store.updateGenerations(group);
    return [];
  });
  return {
    add: async (generations, retry) => {
      await retryWhileUnavailable(async () => additions.write(generations), retry);
    },
    update: async (change, retry) => {
      await retryWhileUnavailable(async () => updates.write([change]), retry);
    },
  };
};
