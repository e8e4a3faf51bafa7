/** What people ask of campaigns: to begin, to pause, to go on, to end. */
import type { z } from 'zod';
import type { CreateCampaign } from '../../../domain/api/campaigns.ts';
import type { Campaign, CampaignSpec, CampaignStatus } from '../../../domain/campaign/campaign.ts';
import { KilnError } from '../../../domain/errors.ts';
import { CampaignId } from '../../../domain/ids.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';
import type { CampaignStore } from '../../../domain/ports/store.ts';
import { checkSpec } from './check-spec.ts';
import { recall } from './lessons.ts';
import type { GeneratorSet } from '../../generator.ts';
import type { Supervisor } from './supervisor.ts';

const ID_BYTES = 8;
/** Campaigns with something to do at once; those that ended do not count. */
const OPEN_MAX = 64;

export interface Commands {
  create(request: z.output<typeof CreateCampaign>): Promise<CampaignId>;
  turn(campaign: Campaign, status: CampaignStatus, reason: string | null): Promise<void>;
}

export interface CommandsDeps {
  readonly store: CampaignStore;
  readonly judging: Judging;
  readonly generators: GeneratorSet;
  /** Of all campaigns, oldest first. */
  readonly known: Map<CampaignId, Campaign>;
  readonly supervisor: Supervisor;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly randomBytes: (size: number) => Buffer;
}

export const createCommands = (deps: CommandsDeps): Commands => {
  const { supervisor } = deps;
  /** Those that are not open yet take their place already. */
  let creating = 0;
  return {
    create: async ({ submitter, ...spec }) => {
      const open = supervisor.runs().length + creating;
      if (open >= OPEN_MAX)
        throw new KilnError('QUEUE_FULL', `${open} campaigns are open; the limit is ${OPEN_MAX}. Stop one first`);
      creating += 1;
      try {
        return await begin(deps, spec, submitter);
      } finally {
        creating -= 1;
      }
    },
    turn: async (campaign, status, reason) => {
      if (campaign.status === status) return;
      if (campaign.status === 'finished' || campaign.status === 'stopped') {
        throw new KilnError('CAMPAIGN_ENDED', `campaign ${campaign.id} is ${campaign.status}; start another one`);
      }
      const run = supervisor.run(campaign.id);
      // One that cannot go on (its problem is gone) can still be stopped.
      if (run || status !== 'stopped') await supervisor.turn(run ?? supervisor.open(campaign), status, reason);
      else await retire(deps, campaign, reason);
    },
  };
};

const begin = async (deps: CommandsDeps, spec: CampaignSpec, submitter: string): Promise<CampaignId> => {
  const { store, judging, generators, known, supervisor, now, randomBytes } = deps;
  const checked = await checkSpec(spec, { judging, generators });
  const at = new Date(now()).toISOString();
  const id = CampaignId.parse(`k-${randomBytes(ID_BYTES).toString('hex')}`);
  const state = { status: 'running' as const, reason: null, ranMs: 0 };
  const campaign: Campaign = { id, spec: checked, submitter, createdAt: at, updatedAt: at, ...state };
  await store.createCampaign(campaign, await recall(checked, { store, judging }));
  known.set(id, campaign);
  supervisor.open(campaign);
  return id;
};

const retire = async ({ store, known, now }: CommandsDeps, campaign: Campaign, reason: string | null): Promise<void> => {
  const change = { status: 'stopped' as const, reason, ranMs: campaign.ranMs };
  await store.updateCampaign(campaign.id, change);
  known.set(campaign.id, { ...campaign, ...change, updatedAt: new Date(now()).toISOString() });
};
