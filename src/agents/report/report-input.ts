import type { CampaignView } from '../../domain/api/campaigns.ts';
import type { Generation } from '../../domain/campaign.ts';

/** A campaign as it is: all of its generations, by number. */
export interface ReportInput {
  readonly view: CampaignView;
  readonly generations: readonly Generation[];
}
