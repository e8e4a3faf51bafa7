import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClient, type KilnClient } from '../../../src/client/create-client.ts';
import { NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import type { KilnError } from '../../../src/domain/errors.ts';
import { CampaignId, generationIdOf } from '../../../src/domain/ids.ts';
import { containing } from '../../support/server/containing.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const UNKNOWN = 'k-ffffffffffffffff';
const AT = '2026-01-02T03:04:05.000Z';
let server: FakeServer;
let client: KilnClient;
beforeEach(async () => {
  server = await serveFake();
  client = createClient({ url: server.url });
});
afterEach(() => server.stop());

const start = () => client.createCampaign({ problems: ['vector_add'], budget: { candidates: 10 } });

describe('campaigns over the API', () => {
  test('are created with every default filled in, listed newest first, and shown', async () => {
    const first = await start();
    const second = await client.createCampaign({ problems: ['vector_add'], budget: { usd: 2 }, agents: 3, submitter: 'ann' });
    expect(first.spec).toMatchObject({ devices: ['H100'], agents: 8, islands: 4, start: { seeds: 'auto', ranked: 0 } });
    expect(first).toMatchObject({ status: 'running', submitter: 'anonymous' });
    expect(second).toMatchObject({ submitter: 'ann', spec: { agents: 3 } });
    expect((await client.campaigns()).campaigns.map(({ id }) => id)).toEqual([second.id, first.id]);
    expect(await client.campaign(first.id)).toEqual(first);
  });

  test('are listed without the whole of what they begin with', async () => {
    const sources = [{ problem: 'vector_add', language: 'cuda' as const, source: 'x'.repeat(100_000) }];
    const { id } = await client.createCampaign({ problems: ['vector_add'], budget: { candidates: 1 }, start: { sources } });
    const [listed] = (await client.campaigns()).campaigns;
    expect(listed?.spec.start.sources[0]?.source).toMatch(/^x{200}\n\(99800 characters left out of the list\)$/);
    expect((await client.campaign(id)).spec.start.sources).toMatchObject(sources);
  });

  test('pause, go on and stop; one that is stopped refuses to go on', async () => {
    const { id } = await start();
    expect(await client.pauseCampaign(id)).toMatchObject({ status: 'paused' });
    expect(await client.resumeCampaign(id)).toMatchObject({ status: 'running', reason: null });
    expect(await client.stopCampaign(id)).toMatchObject({ status: 'stopped' });
    await expect(client.resumeCampaign(id)).rejects.toMatchObject({ code: 'CAMPAIGN_ENDED' });
  });

  test('give their generations in pages by number', async () => {
    const { id } = await start();
    const campaignId = CampaignId.parse(id);
    const generations = Array.from({ length: 5 }, (_, index) => ({
      id: generationIdOf(campaignId, index + 1),
      campaignId,
      number: index + 1,
      agent: 0,
      generator: 'evolve',
      problem: 'vector_add',
      device: 'H100',
      move: 'new' as const,
      island: 0,
      parents: [],
      idea: '',
      usage: NO_USAGE,
      state: { status: 'asked' as const, reservedMicros: 0 },
      askedAt: AT,
      updatedAt: AT,
    }));
    server.campaigns.addGenerations(campaignId, generations);
    const page = await client.generations(id, { after: 1, limit: 2 });
    expect(page.generations).toEqual(generations.slice(1, 3));
  });

  test('report as Markdown or SVG, with a policy that keeps quoted text from doing anything in a browser', async () => {
    const { id } = await start();
    expect(await client.campaignReport(id)).toBe(`# Campaign ${id}\n`);
    expect(await client.campaignReport(id, { format: 'svg', problem: 'vector_add' })).toContain('<title>vector_add</title>');
    const { headers } = await fetch(`${server.url}/v1/campaigns/${id}/report?format=svg`);
    expect(headers.get('content-type')).toContain('image/svg+xml');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('are in /metrics while they are open, with what feeds each device class', async () => {
    const { id } = await start();
    server.campaigns.become(CampaignId.parse(id), {
      thinking: 2,
      spent: { usd: 1.5, reservedUsd: 0.25, gpuMinutes: 0.5, candidates: 7, minutes: 1 },
      earned: [
        { generator: 'claude', move: 'refine', asked: 6, judged: 5, accepted: 3, usd: 1.2, gpuMinutes: 0, gain: 1.4 },
        { generator: 'claude', move: 'new', asked: 2, judged: 1, accepted: 0, usd: 0.3, gpuMinutes: 0, gain: 1 },
      ],
    });
    const text = await client.metrics();
    for (const [name, value] of [
      ['thinking', 2],
      ['spent_usd', 1.5],
      ['reserved_usd', 0.25],
      ['device_seconds', 30],
      ['candidates', 7],
    ]) {
      expect(text).toContain(`\nkiln_campaign_${name}{campaign="${id}"} ${value}\n`);
    }
    const move = (name: string, kind: string): string =>
      new RegExp(`^kiln_campaign_${name}\\{campaign="${id}",generator="claude",move="${kind}"\\} (.*)$`, 'mu').exec(text)?.[1] ??
      'none';
    expect(['asked', 'accepted', 'move_usd', 'usd_per_accepted'].map((name) => move(name, 'refine'))).toEqual([
      '6',
      '3',
      '1.2',
      '0.39999999999999997',
    ]);
    expect(['accepted', 'usd_per_accepted'].map((name) => move(name, 'new'))).toEqual(['0', 'none']);
    expect(text).toContain(`\nkiln_campaign_all_usd_per_accepted{campaign="${id}"} 0.5\n`);
    expect(text).toContain('\nkiln_agents_queue_seconds{device="H100"} 4.5\n');
    expect(text).not.toContain('kiln_agents_queue_seconds{device="A100"}');
    expect(text).toContain('\nkiln_fake 1\n');
    await client.stopCampaign(id);
    expect(await client.metrics()).not.toContain(id);
  });

  test('name the generators with what they miss', async () => {
    const { generators } = await client.generators();
    expect(generators.map(({ name, isDefault }) => [name, isDefault])).toEqual([
      ['evolve', true],
      ['claude', false],
    ]);
    expect(generators[1]?.unavailable).toContain('ANTHROPIC_API_KEY');
  });

  test.each([
    ['no limit at all', { problems: ['vector_add'], budget: {} }, 'body.budget: give at least one limit'],
    ['no problem', { problems: [], budget: { usd: 1 } }, 'body.problems'],
    ['a field that is not known', { problems: ['a'], budget: { usd: 1 }, agent: 1 }, 'agent'],
  ])('are refused with %s, naming the field', async (_what, body, message) => {
    const answer = await fetch(`${server.url}/v1/campaigns`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'INVALID_REQUEST', message: containing(message) });
  });

  test('refuse a starting source that is too large before anything is kept', async () => {
    const source = 'x'.repeat(256 * 1024 + 1);
    const sources = [{ problem: 'vector_add', language: 'cuda' as const, source }];
    const refused = client.createCampaign({ problems: ['vector_add'], budget: { usd: 1 }, start: { sources } });
    await expect(refused).rejects.toMatchObject({
      code: 'SOURCE_TOO_LARGE',
      message: containing('body.start.sources[0].source'),
    });
    expect((await client.campaigns()).campaigns).toEqual([]);
  });

  test('that are not known answer 404 on every path', async () => {
    const calls = [
      client.campaign(UNKNOWN),
      client.pauseCampaign(UNKNOWN),
      client.stopCampaign(UNKNOWN),
      client.generations(UNKNOWN),
      client.campaignReport(UNKNOWN),
    ];
    const codes = (await Promise.allSettled(calls)).map((call) => call.status === 'rejected' && (call.reason as KilnError).code);
    expect(codes).toEqual(calls.map(() => 'NOT_FOUND'));
  });
});
