/** What a campaign waits for in batches, in words. */
import type { CampaignView } from '../api/campaigns.ts';
import { grouped } from './units.ts';

/** "24 questions to claude (msgbatch_1: being answered)"; null where nothing waits. */
export const batchesText = ({ batches = [] }: Pick<CampaignView, 'batches'>): string | null =>
  batches.length === 0
    ? null
    : batches
        .map(({ generator, id, questions, state }) => {
          const known = id === null ? state : `${id}: ${state}`;
          return `${grouped(questions)} ${questions === 1 ? 'question' : 'questions'} to ${generator} (${known})`;
        })
        .join(', ');
