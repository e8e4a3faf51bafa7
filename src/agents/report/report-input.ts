import type { CampaignView } from '../../domain/api/campaigns.ts';
import type { Generation } from '../../domain/campaign.ts';

/** A campaign as it is: all of its generations, by number. */
export interface ReportInput {
  readonly view: CampaignView;
  readonly generations: readonly Generation[];
}

/** Name of the file that holds a problem's plot, beside the report. */
export const plotFileOf = (problem: string): string => `${problem}.svg`;
