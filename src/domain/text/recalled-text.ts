/** What a campaign was told of earlier ones, in words. */
import type { CampaignView } from '../api/campaigns.ts';
import { grouped } from './units.ts';

/** "14 ideas of 3 earlier campaigns, 5 of other problems"; null where it was told nothing. */
export const recalledText = ({ recalled }: Pick<CampaignView, 'recalled'>): string | null => {
  if (!recalled) return null;
  const { campaigns, ideas, elsewhere } = recalled;
  const own =
    ideas === 0 ? [] : [`${grouped(ideas)} ideas of ${grouped(campaigns)} earlier ${campaigns === 1 ? 'campaign' : 'campaigns'}`];
  return [...own, ...(elsewhere === 0 ? [] : [`${grouped(elsewhere)} of other problems`])].join(', ');
};
