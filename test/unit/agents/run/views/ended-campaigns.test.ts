import { expect, test } from 'vitest';
import { createEndedCampaigns } from '../../../../../src/agents/run/views/ended-campaigns.ts';
import { Campaign, type Generation } from '../../../../../src/domain/campaign/campaign.ts';
import { judged } from '../../../../support/agents/generations.ts';

const AT = '2026-01-01T00:00:00.000Z';

test('an ended campaign is counted anew until its last rows are durable, and then once', async () => {
  const last = judged(1, 2);
  const { state } = last;
  if (state.status !== 'judged') throw new Error('it is judged');
  const waiting: Generation = { ...last, state: { status: 'submitted', candidateId: state.candidateId, isFirst: true } };
  const store = { rows: [waiting], reads: 0 };
  const ended = createEndedCampaigns({
    generations: async () => {
      store.reads += 1;
      return Promise.resolve(store.rows);
    },
    recalled: async () => Promise.resolve([]),
  });
  const campaign = Campaign.parse({
    id: last.campaignId,
    spec: { problems: ['softmax'], budget: { candidates: 9 } },
    status: 'stopped',
    reason: 'a test',
    submitter: 'ann',
    createdAt: AT,
    updatedAt: AT,
    ranMs: 0,
  });
  expect((await ended.get(campaign)).account.byStatus.submitted).toBe(1);
  store.rows = [last];
  expect((await ended.get(campaign)).account.byStatus).toMatchObject({ submitted: 0, judged: 1 });
  const { reads } = store;
  await ended.get(campaign);
  expect(store.reads).toBe(reads);
});
