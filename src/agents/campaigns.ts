/** Answers the server about campaigns, and runs them: the door of `src/agents`. */
import { randomBytes as nodeRandomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { CampaignView } from '../domain/api/campaigns.ts';
import type { Campaign, CampaignStatus } from '../domain/campaign/campaign.ts';
import { KilnError } from '../domain/errors.ts';
import type { AgentsSettings } from '../domain/campaign/generator-settings.ts';
import type { CampaignId } from '../domain/ids.ts';
import { createContextBuilder } from './context/build-context.ts';
import type { Judging } from '../domain/ports/kiln.ts';
import type { CampaignStore } from '../domain/ports/store.ts';
import type { Campaigns } from '../domain/ports/campaigns.ts';
import { type Clock, SYSTEM_CLOCK } from '../platform/clock.ts';
import type { GeneratorSet } from './generator.ts';
import { createCommands } from './run/lifecycle/commands.ts';
import { gaugesOf } from './run/views/gauges.ts';
import { reportOf } from './run/views/report.ts';
import { createEndedCampaigns } from './run/views/ended-campaigns.ts';
import { createSupervisor } from './run/lifecycle/supervisor.ts';
import { createViews } from './run/views/views.ts';

export interface CampaignsDeps {
  readonly store: CampaignStore;
  readonly judging: Judging;
  readonly generators: GeneratorSet;
  readonly settings: Pick<AgentsSettings, 'queueSeconds' | 'thinkingMax'>;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that only goes forward. Left out: the system's. */
  readonly monotonicMs?: () => number;
  /** Of what waits. Left out: the system's. */
  readonly clock?: Pick<Clock, 'after'>;
  /** Left out: the system's. */
  readonly randomBytes?: (size: number) => Buffer;
  /** From 0 to 1, for waits that should not fall together. Left out: the system's. */
  readonly random?: () => number;
}

export interface AgentCampaigns extends Campaigns {
  /** Running campaigns go on. */
  start(): Promise<void>;
  /** Idempotent; also before `start`. Requests on their way are cut off and count with what was reserved for them. */
  close(): Promise<void>;
}

export const createCampaigns = (deps: CampaignsDeps): AgentCampaigns => {
  const { store, judging, generators, settings, log, now, randomBytes = nodeRandomBytes, random = Math.random } = deps;
  const { monotonicMs = () => performance.now(), clock = SYSTEM_CLOCK } = deps;
  /** Of all campaigns, oldest first. */
  const known = new Map<CampaignId, Campaign>();
  const endedCampaigns = createEndedCampaigns(store);
  const supervisor = createSupervisor({
    store,
    judging,
    generators,
    settings,
    log,
    now,
    monotonicMs,
    clock,
    random,
    contexts: createContextBuilder({ judging, now: monotonicMs }),
    onCampaign: (campaign) => void known.set(campaign.id, campaign),
    onWithdrawn: (id) => endedCampaigns.forget(id),
  });
  const views = createViews({ judging, endedCampaigns, supervisor, monotonicMs });

  const existing = (id: CampaignId): Campaign => {
    const campaign = known.get(id);
    if (campaign) return campaign;
    throw new KilnError('NOT_FOUND', `there is no campaign ${id}; GET /v1/campaigns lists those there are`);
  };
  const view = async (id: CampaignId): Promise<CampaignView> => views.view(existing(id));

  const commands = createCommands({ ...deps, known, supervisor, randomBytes });
  const turn = async (id: CampaignId, status: CampaignStatus, reason: string | null): Promise<CampaignView> => {
    await commands.turn(existing(id), status, reason);
    return view(id);
  };

  return {
    create: async (request) => view(await commands.create(request)),
    list: async () => {
      const campaigns: CampaignView[] = [];
      for (const campaign of [...known.values()].toReversed()) campaigns.push(await views.view(campaign));
      return { campaigns };
    },
    view,
    pause: async (id) => turn(id, 'paused', 'paused by a person'),
    resume: async (id) => turn(id, 'running', null),
    stop: async (id) => turn(id, 'stopped', 'stopped by a person'),
    generations: async (id, query) => ({ generations: [...(await store.generations(existing(id).id, query))] }),
    report: async (id, query) => reportOf(store, await view(id), query),
    generators: () => ({
      generators: generators.all.map(({ name, kind, unavailable }) => ({
        name,
        kind,
        unavailable,
        isDefault: name === generators.default.name,
      })),
    }),
    gauges: () => gaugesOf(supervisor, settings),
    start: async () => supervisor.start(),
    close: async () => supervisor.stop(),
  };
};
