/** What diagnoses came to, in words. */
import type { CampaignView } from '../api/campaigns.ts';
import { grouped } from './units.ts';

/** "12 proposed by 4 diagnoses, 3 of them known, 9 candidates written, 0 open"; null where nobody makes any. */
export const proposalsText = ({ proposals, generations }: Pick<CampaignView, 'proposals' | 'generations'>): string | null => {
  if (!proposals) return null;
  const { proposed, refused, written, open } = proposals;
  const by = `${grouped(generations.diagnosed ?? 0)} ${generations.diagnosed === 1 ? 'diagnosis' : 'diagnoses'}`;
  return `${grouped(proposed)} proposed by ${by}, ${grouped(refused)} of them known, ${grouped(written)} candidates written, ${grouped(open)} open`;
};

/** "softmax on H100: memory-bandwidth". The finding is a model's text. */
export const bottlenecksText = ({ proposals }: Pick<CampaignView, 'proposals'>): string | null =>
  proposals
    ? proposals.diagnoses.map(({ problem, device, bottleneck }) => `${problem} on ${device}: ${bottleneck}`).join(', ')
    : null;
