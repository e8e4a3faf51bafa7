/** Campaigns that are over: counted from their rows when somebody looks, and kept for the next look. */
import type { Campaign } from '../../../domain/campaign/campaign.ts';
import type { Recalled } from '../../../domain/campaign/lessons.ts';
import type { CampaignId, CandidateId } from '../../../domain/ids.ts';
import type { CampaignStore } from '../../../domain/ports/store.ts';
import { createAccount, outstandingOf } from '../state/account.ts';
import type { Account } from '../state/account.ts';
import { generationsOf } from '../lifecycle/replay.ts';

/** Kept at once: a few kilobytes each. */
const KEPT_MAX = 256;

export interface CountedCampaign {
  readonly account: Account;
  readonly recalled: readonly Recalled[];
  /** From a starting point to each problem's best. */
  readonly lineages: ReadonlyMap<CandidateId, readonly CandidateId[]>;
}

export interface EndedCampaigns {
  get(campaign: Campaign): Promise<CountedCampaign>;
  /** As its rows are now, of one that is open: not kept. */
  read(id: CampaignId): Promise<CountedCampaign>;
  /** Its rows changed since. */
  forget(id: CampaignId): void;
}

export const createEndedCampaigns = (store: Pick<CampaignStore, 'generations' | 'recalled'>): EndedCampaigns => {
  /** By id and when it changed last. */
  const kept = new Map<string, Promise<CountedCampaign>>();
  return {
    read: async (id) => countFromRows(store, id),
    forget: (id) => {
      for (const key of kept.keys()) if (key.startsWith(`${id} `)) kept.delete(key);
    },
    get: async ({ id, updatedAt }) => {
      const key = `${id} ${updatedAt}`;
      const known = kept.get(key) ?? countFromRows(store, id);
      kept.delete(key);
      kept.set(key, known);
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT_MAX) break;
        kept.delete(oldest);
      }
      // A failed read must not be what everybody gets from now on, nor one before the last rows were durable: a run is dropped a moment earlier.
      known.then(
        ({ account }) => outstandingOf(account) > 0 && kept.delete(key),
        () => kept.delete(key),
      );
      return known;
    },
  };
};

const countFromRows = async (
  store: Pick<CampaignStore, 'generations' | 'recalled'>,
  id: CampaignId,
): Promise<CountedCampaign> => {
  const account = createAccount();
  const parentOf = new Map<CandidateId, CandidateId | undefined>();
  const targets = new Map<string, { readonly problem: string; readonly device: string }>();
  for await (const page of generationsOf(store, id)) {
    for (const generation of page) {
      account.move(null, generation);
      const { problem, device, state, parents } = generation;
      targets.set(`${problem} ${device}`, { problem, device });
      if (state.status === 'judged' && !parentOf.has(state.candidateId)) parentOf.set(state.candidateId, parents[0]);
    }
  }
  const bests = [...targets.values()].flatMap((target) => account.best(target)?.candidateId ?? []);
  const recalled = await store.recalled(id);
  return { account, recalled, lineages: new Map(bests.map((best) => [best, lineageOf(parentOf, best)])) };
};

const lineageOf = (parentOf: ReadonlyMap<CandidateId, CandidateId | undefined>, id: CandidateId): readonly CandidateId[] => {
  const chain = new Set<CandidateId>();
  for (let at: CandidateId | undefined = id; at !== undefined && !chain.has(at); at = parentOf.get(at)) chain.add(at);
  return [...chain].toReversed();
};
