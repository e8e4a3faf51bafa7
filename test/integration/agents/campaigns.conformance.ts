import { describe, expect, test } from 'vitest';
import { CampaignId } from '../../../src/domain/ids.ts';
import type { Campaigns } from '../../../src/domain/ports/campaigns.ts';
import { request } from '../../support/agents/campaign-rig.ts';

const NOWHERE = CampaignId.parse(`k-${'f'.repeat(16)}`);

/** What campaigns do for the server: the agents', and what stands for them in the server's own tests. Nothing is judged meanwhile. */
export const describeCampaigns = (name: string, campaignsOf: () => Promise<Campaigns>): void => {
  describe(`${name}, as the server uses them`, () => {
    test('are kept as they were started, the newest first', async () => {
      const campaigns = await campaignsOf();
      const first = await campaigns.create(request({ agents: 2, submitter: 'somebody' }));
      const second = await campaigns.create(request({ agents: 3 }));
      expect(first).toMatchObject({ status: 'running', reason: null, submitter: 'somebody', spec: { agents: 2 } });
      expect(await campaigns.view(first.id)).toMatchObject({ id: first.id, status: 'running', spent: { usd: 0 } });
      const { campaigns: list } = await campaigns.list();
      expect(list.map(({ id }) => id).slice(0, 2)).toEqual([second.id, first.id]);
      expect(list[0]?.best.map(({ problem, device }) => [problem, device])).toEqual([['vector_add', 'H100']]);
    });

    test('say NOT_FOUND of one that is not there, whatever is asked of it', async () => {
      const campaigns = await campaignsOf();
      for (const ask of ['view', 'pause', 'resume', 'stop'] as const) {
        await expect(campaigns[ask](NOWHERE)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      }
      await expect(campaigns.generations(NOWHERE, { after: 0, limit: 1 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(campaigns.report(NOWHERE, { format: 'markdown' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    test('refuse a generator that they do not know', async () => {
      const campaigns = await campaignsOf();
      const generators = [{ name: 'nobody', share: 1 }];
      await expect(campaigns.create(request({ generators }))).rejects.toMatchObject({ code: 'UNKNOWN_GENERATOR' });
    });

    test('are paused, resumed and stopped, each as often as one likes; what is stopped stays so', async () => {
      const campaigns = await campaignsOf();
      const { id } = await campaigns.create(request({}));
      for (const _ of [1, 2]) expect(await campaigns.pause(id)).toMatchObject({ status: 'paused', reason: 'paused by a person' });
      for (const _ of [1, 2]) expect(await campaigns.resume(id)).toMatchObject({ status: 'running', reason: null });
      for (const _ of [1, 2])
        expect(await campaigns.stop(id)).toMatchObject({ status: 'stopped', reason: 'stopped by a person' });
      await expect(campaigns.pause(id)).rejects.toMatchObject({ code: 'CAMPAIGN_ENDED' });
      await expect(campaigns.resume(id)).rejects.toMatchObject({ code: 'CAMPAIGN_ENDED' });
    });

    test('report as Markdown and as a picture, and name their generators', async () => {
      const campaigns = await campaignsOf();
      const { id } = await campaigns.create(request({}));
      const text = await campaigns.report(id, { format: 'markdown' });
      expect(text.contentType).toContain('text/markdown');
      expect(text.text).toContain(id);
      expect((await campaigns.report(id, { format: 'svg' })).text).toMatch(/^<svg[ >]/);
      expect((await campaigns.generations(id, { after: 1000, limit: 10 })).generations).toEqual([]);
      expect(campaigns.generators().generators.filter(({ isDefault }) => isDefault)).toHaveLength(1);
    });

    test('count for the metrics while they run or are paused', async () => {
      const campaigns = await campaignsOf();
      const { id } = await campaigns.create(request({}));
      const isCounted = (): boolean => campaigns.gauges().campaigns.some((one) => one.id === id);
      await expect.poll(isCounted).toBe(true);
      await campaigns.stop(id);
      await expect.poll(isCounted).toBe(false);
    });
  });
};
