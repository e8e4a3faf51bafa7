/** Views of campaigns: open ones from what is in memory, ended ones from their rows. */
import type { CampaignView } from '../../../domain/api/campaigns.ts';
import type { Campaign } from '../../../domain/campaign/campaign.ts';
import type { CandidateId } from '../../../domain/ids.ts';
import type { Language } from '../../../domain/plan/plan.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';
import { BoundedMap } from '../../../platform/bounded-map.ts';
import { activityOf } from './activity.ts';
import { createRankedReader } from './ranked-reader.ts';
import { ranMsOf, targetOf } from '../state/campaign-run.ts';
import type { CountedCampaign, EndedCampaigns } from './ended-campaigns.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import { campaignView } from './view.ts';

/** Languages of candidates that are or were somebody's best. */
const LANGUAGES_MAX = 2000;

export interface Views {
  view(campaign: Campaign): Promise<CampaignView>;
}

export interface ViewsDeps {
  readonly judging: Pick<Judging, 'candidate' | 'ranking'>;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicMs: () => number;
  readonly endedCampaigns: EndedCampaigns;
  readonly supervisor: Supervisor;
}

export const createViews = ({ judging, endedCampaigns, supervisor, monotonicMs }: ViewsDeps): Views => {
  const rankedOf = createRankedReader(judging, monotonicMs);
  const languages = new BoundedMap<CandidateId, Language>(LANGUAGES_MAX);

  const languageOf = async (id: CandidateId): Promise<Language> => {
    const language = languages.get(id) ?? (await judging.candidate(id)).submission.language;
    languages.set(id, language);
    return language;
  };

  const fromRows = async (campaign: Campaign, { account, lineages, recalled }: CountedCampaign): Promise<CampaignView> => {
    const { problems, devices } = campaign.spec;
    return campaignView({
      campaign,
      account,
      targets: problems.flatMap((problem) => devices.map((device) => ({ problem, device }))),
      ranMs: campaign.ranMs,
      thinking: 0,
      activity: campaign.reason ?? campaign.status,
      openProposals: 0,
      recalled,
      languageOf,
      rankedOf,
      lineageOf: (_target, id) => lineages.get(id) ?? [id],
    });
  };

  return {
    view: async (campaign) => {
      const run = supervisor.run(campaign.id);
      if (!run) return fromRows(campaign, await endedCampaigns.get(campaign));
      // Just opened: its account is empty yet.
      if (!run.isCounted) return fromRows(campaign, await endedCampaigns.read(campaign.id));
      return campaignView({
        campaign: run.campaign,
        account: run.account,
        targets: run.targets,
        ranMs: ranMsOf(run, monotonicMs()),
        thinking: run.thinking,
        activity: activityOf(run, supervisor.deps),
        batches: run.batches,
        openProposals: run.targets.reduce((sum, { proposals }) => sum + proposals.open(), 0),
        recalled: run.targets.flatMap((target) => target.recalled ?? []),
        languageOf,
        rankedOf,
        lineageOf: (target, id) => targetOf(run, target)?.archive.lineage(id) ?? [id],
      });
    },
  };
};
