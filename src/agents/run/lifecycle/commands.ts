/** What people ask of campaigns: to begin, to pause, to go on, to end. */
import type { z } from 'zod';
import type { CreateCampaign } from '../../../domain/api/campaigns.ts';
import type { CampaignRecord, CampaignSpec, CampaignStatus } from '../../../domain/campaign/campaign.ts';
import { KilnError } from '../../../domain/errors.ts';
import { CampaignId } from '../../../domain/ids.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';
import type { CampaignStore } from '../../../domain/ports/store.ts';
import { checkSpec } from './check-spec.ts';
import type { GeneratorSet } from '../../generator.ts';
import type { Supervisor } from './supervisor.ts';

const ID_BYTES = 8;
/** Campaigns with something to do at once; those that ended do not count. */
const OPEN_MAX = 64;

export interface Commands {
  create(request: z.output<typeof CreateCampaign>): Promise<CampaignId>;
  turn(record: CampaignRecord, status: CampaignStatus, reason: string | null): Promise<void>;
}

export interface CommandsDeps {
  readonly store: CampaignStore;
  readonly judging: Judging;
  readonly generators: GeneratorSet;
  /** Of all campaigns, oldest first. */
  readonly records: Map<CampaignId, CampaignRecord>;
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
    turn: async (record, status, reason) => {
      if (record.status === status) return;
      if (record.status === 'finished' || record.status === 'stopped') {
        throw new KilnError('CAMPAIGN_ENDED', `campaign ${record.id} is ${record.status}; start another one`);
      }
      const run = supervisor.run(record.id);
      // One that cannot go on (its problem is gone) can still be stopped.
      if (run || status !== 'stopped') await supervisor.turn(run ?? supervisor.open(record), status, reason);
      else await retire(deps, record, reason);
    },
  };
};

const begin = async (deps: CommandsDeps, spec: CampaignSpec, submitter: string): Promise<CampaignId> => {
  const { store, judging, generators, records, supervisor, now, randomBytes } = deps;
  const checked = await checkSpec(spec, { judging, generators });
  const at = new Date(now()).toISOString();
  const id = CampaignId.parse(`k-${randomBytes(ID_BYTES).toString('hex')}`);
  const state = { status: 'running' as const, reason: null, ranMs: 0 };
  const record: CampaignRecord = { id, spec: checked, submitter, createdAt: at, updatedAt: at, ...state };
  await store.createCampaign(record);
  records.set(id, record);
  supervisor.open(record);
  return id;
};

const retire = async ({ store, records, now }: CommandsDeps, record: CampaignRecord, reason: string | null): Promise<void> => {
  const change = { status: 'stopped' as const, reason, ranMs: record.ranMs };
  await store.updateCampaign(record.id, change);
  records.set(record.id, { ...record, ...change, updatedAt: new Date(now()).toISOString() });
};
