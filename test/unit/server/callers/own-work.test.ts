import { describe, expect, test } from 'vitest';
import type { Principal } from '../../../../src/domain/access/principal.ts';
import { workOf, type Worked } from '../../../../src/server/callers/own-work.ts';
import { createFakeCampaigns } from '../../../support/server/fake-campaigns.ts';
import { createFakeKiln } from '../../../support/server/fake-kiln.ts';

const ADA: Principal = { name: 'ada', role: 'submit', tokenId: null, submitter: 'ada', isForOthers: false };

const setUp = () => {
  const kiln = createFakeKiln();
  const walks: object[] = [];
  const steer: Worked['kiln']['steer'] = async (action, request) => {
    walks.push(request.select);
    return kiln.steer(action, request);
  };
  const all = { kiln: { ...kiln, steer }, campaigns: createFakeCampaigns(), sweeps: {} as Worked['sweeps'] };
  return { own: workOf(all, ADA).kiln, walks };
};

describe('candidates that a token pauses', () => {
  test('are walked through once where they are selected as its own', async () => {
    const { own, walks } = setUp();
    await own.steer('pause', { select: { submitter: 'ada' }, dryRun: false });
    expect(walks).toEqual([{ submitter: 'ada' }]);
  });

  test('are held against all that are selected where others may have some of them', async () => {
    const { own, walks } = setUp();
    await own.steer('pause', { select: { problem: 'vector_add' }, dryRun: false });
    const hers = { problem: 'vector_add', submitter: 'ada' };
    expect(walks).toEqual([{ problem: 'vector_add' }, hers, hers]);
  });
});
