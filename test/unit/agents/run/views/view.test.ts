import { expect, test } from 'vitest';
import { createAccount } from '../../../../../src/agents/run/state/account.ts';
import type { Ranked } from '../../../../../src/agents/run/views/view.ts';
import { campaignView } from '../../../../../src/agents/run/views/view.ts';
import { createRankedReader } from '../../../../../src/agents/run/views/ranked-reader.ts';
import { CampaignSpec } from '../../../../../src/domain/campaign/campaign.ts';
import { KilnError } from '../../../../../src/domain/errors.ts';
import { CampaignId } from '../../../../../src/domain/ids.ts';
import { idOf, judged } from '../../../../support/agents/generations.ts';

const TARGET = { problem: 'softmax', device: 'H100' };
const AT = '2026-01-01T00:00:00.000Z';

/** The best that a campaign shows whose candidates were judged at these speed-ups, by what the ranking says now. */
const bestWith = async (speedups: readonly number[], ranked: readonly Ranked[]) => {
  const account = createAccount();
  for (const [index, speedup] of speedups.entries()) account.move(null, judged(index + 1, speedup));
  const { best } = await campaignView({
    campaign: {
      id: CampaignId.parse(`k-${'0'.repeat(16)}`),
      spec: CampaignSpec.parse({ problems: ['softmax'], budget: { candidates: 9 } }),
      status: 'running',
      reason: null,
      submitter: 'ann',
      createdAt: AT,
      updatedAt: AT,
      ranMs: 0,
    },
    account,
    targets: [TARGET],
    ranMs: 0,
    thinking: 0,
    activity: '',
    openProposals: 0,
    recalled: [],
    languageOf: async () => Promise.resolve('cuda' as const),
    rankedOf: async () => Promise.resolve(ranked),
    lineageOf: (_target, id) => [id],
  });
  return best[0]?.best ?? null;
};

test('the best is whoever of the campaign stands first in the ranking, with what it ranks as', async () => {
  const ranked = [
    { candidateId: idOf(99), speedup: 3 },
    { candidateId: idOf(1), speedup: 1.9 },
    { candidateId: idOf(2), speedup: 1.8 },
  ];
  expect(await bestWith([2, 2.2, 1.5], ranked)).toMatchObject({ candidateId: idOf(1), speedup: 1.9 });
});

test('where the ranking knows none of them, it is the fastest when judged; where nothing passed, nobody', async () => {
  expect(await bestWith([2, 2.2, 1.5], [])).toMatchObject({ candidateId: idOf(2), speedup: 2.2 });
  expect(await bestWith([], [{ candidateId: idOf(99), speedup: 3 }])).toBeNull();
});

test('a ranking is read once for views that follow one another closely; a problem that is gone has none', async () => {
  let nowMs = 0;
  let reads = 0;
  const read = createRankedReader(
    {
      ranking: async () => {
        reads += 1;
        return Promise.reject(new KilnError('NOT_FOUND', 'gone'));
      },
    },
    () => nowMs,
  );
  expect(await read(TARGET)).toEqual([]);
  nowMs = 4000;
  await read(TARGET);
  expect(reads).toBe(1);
  nowMs = 6000;
  await read(TARGET);
  expect(reads).toBe(2);
});
