/** Generations on their way into the store: all agents of all campaigns share each write. Resolves when the row is durable. */
import { createGroupCommit } from '../../../platform/group-commit.ts';
import type { Generation, GenerationUpdate } from '../../../domain/campaign/campaign.ts';
import type { CampaignStore } from '../../../domain/ports/store.ts';
import { patiently } from '../asking/retry-while-unavailable.ts';
import type { Patience } from '../asking/retry-while-unavailable.ts';

export interface Rows {
  add(generations: readonly Generation[], patience: Patience): Promise<void>;
  update(change: GenerationUpdate, patience: Patience): Promise<void>;
}

/** Both writes are idempotent, so that one whose answer was lost is made again. */
export const createRows = (store: Pick<CampaignStore, 'addGenerations' | 'updateGenerations'>): Rows => {
  const additions = createGroupCommit(async (group: readonly Generation[]) => {
    await store.addGenerations(group);
    return [];
  });
  const updates = createGroupCommit(async (group: readonly GenerationUpdate[]) => {
    await store.updateGenerations(group);
    return [];
  });
  return {
    add: async (generations, patience) => {
      await patiently(async () => additions.write(generations), patience);
    },
    update: async (change, patience) => {
      await patiently(async () => updates.write([change]), patience);
    },
  };
};
