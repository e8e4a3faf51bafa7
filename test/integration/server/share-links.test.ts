import { request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { OPERATOR } from '../../../src/domain/access/principal.ts';
import { createClient, type KilnClient } from '../../../src/client/create-client.ts';
import { openTokenBook } from '../../../src/server/callers/token-book.ts';
import { createShareLinks } from '../../../src/server/sharing/share-links.ts';
import { createFakeAccess } from '../../support/server/fake-access.ts';
import { createFakeShares } from '../../support/server/fake-shares.ts';
import { containing } from '../../support/server/containing.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const TOKEN = 'a-token-for-the-tests';
const DAY_MS = 24 * 3_600_000;
const SOURCE = '/* kiln\nlaunch:\n  - {kernel: add, args: [a, b, out, n]}\n*/\n';

let server: FakeServer;
let client: KilnClient;
afterEach(() => server.stop());

const serve = async (token: string | null = TOKEN): Promise<void> => {
  server = await serveFake({ config: { token } });
  client = createClient({ url: server.url, token });
};

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly text: string;
}

/** Unlike fetch, it follows no redirect and may set every header. */
const ask = (path: string, { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {}) =>
  new Promise<Answer>((resolve, reject) => {
    request({ host: '127.0.0.1', port: server.port, path, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '', text }));
    })
      .on('error', reject)
      .end();
  });

const submit = async (): Promise<string> =>
  (await client.submit([{ problem: 'vector_add', language: 'cuda', source: SOURCE, submitter: 'ada' }])).candidates[0]?.id ?? '';

describe.each([TOKEN, null])('a share link of a daemon whose token is %s', (token) => {
  test('leads to its page with what is chosen on it, and opens that page and what it reads', async () => {
    await serve(token);
    const { path } = await client.createShare({ page: '/problems/vector_add?device=H100&language=cuda' });
    const led = await ask(path);
    expect([led.status, led.location]).toEqual([303, `${path}/problems/vector_add?device=H100&language=cuda`]);
    const page = await ask(led.location);
    expect([page.status, page.text.includes('<div id="app">')]).toEqual([200, true]);
    const assets = page.text.match(/\/assets\/[^"]+\.(?:js|css)/gu) ?? [];
    expect(assets.length).toBeGreaterThan(1);
    for (const asset of assets) expect([asset, (await ask(asset)).status]).toEqual([asset, 200]);
    for (const part of ['', '/ranking?limit=5', '/progress'])
      expect([part, (await ask(`${path}/v1/problems/vector_add${part}`)).status]).toEqual([part, 200]);
    expect((await ask(`${path}/images/problems/vector_add/badge.svg`)).status).toBe(200);
    expect(JSON.parse((await ask(`${path}/v1/share`)).text)).toMatchObject({ page: containing('/problems/vector_add') });
  });

  test('opens nothing else: no other thing, no list, no host, no event, and nothing that changes something', async () => {
    await serve(token);
    const id = await submit();
    const other = (await client.submit([{ problem: 'vector_add', language: 'cuda', source: `${SOURCE}// other` }])).candidates[0]
      ?.id;
    const { path } = await client.createShare({ page: `/candidates/${id}` });
    expect((await ask(`${path}/v1/candidates/${id}/source`)).text).toBe(SOURCE);
    const closed = [
      `/v1/candidates/${other}`,
      `/v1/candidates/${other}/source`,
      `/v1/candidates/${id}/../${other}`,
      `/v1/candidates/${id}%2F..%2F${other}`,
      '/v1/candidates',
      '/v1/candidates?wait=1',
      '/v1/summaries',
      '/v1/queue',
      '/v1/fleet',
      '/v1/events',
      `/v1/candidates/${id}/events`,
      `/v1/candidates/${id}/why`,
      '/v1/shares',
      '/v1/problems/vector_add/ranking',
      '/metrics',
      '/openapi.json',
      '/docs',
      '/mcp',
      '/fleet',
    ];
    for (const one of closed) expect([one, (await ask(`${path}${one}`)).status]).toEqual([one, 403]);
    for (const method of ['DELETE', 'POST', 'PUT'])
      expect([method, (await ask(`${path}/v1/candidates/${id}`, { method })).status]).toEqual([method, 403]);
    expect((await client.candidate(id)).state.status).toBe('queued');
  });

  test('opens nothing once it is revoked, nor with another secret, and says so to who opens it in a browser', async () => {
    await serve(token);
    const { path, id } = await client.createShare({ page: '/problems/vector_add', note: 'for bob' });
    const forged = `${path.slice(0, -1)}${path.endsWith('A') ? 'B' : 'A'}`;
    expect((await ask(`${forged}/v1/problems/vector_add`)).status).toBe(401);
    expect((await ask(`/shared/l-0000000000000000.${'A'.repeat(43)}`)).status).toBe(401);
    expect((await ask(`${path}/v1/problems/vector_add`)).status).toBe(200);
    expect(await client.revokeShare(id)).toMatchObject({ note: 'for bob' });
    expect((await ask(`${path}/v1/problems/vector_add`)).status).toBe(401);
    const visit = await ask(`${path}/problems/vector_add`, { headers: { accept: 'text/html' } });
    expect([visit.status, visit.location]).toEqual([401, '']);
    expect(visit.text).toContain('expired, was revoked');
    await expect(client.revokeShare('l-0000000000000000')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('is listed without its secret', async () => {
    await serve(token);
    const { path, id } = await client.createShare({ page: '/problems/vector_add', days: 30 });
    const { shares } = await client.shares();
    expect(shares).toMatchObject([{ id, page: '/problems/vector_add', revokedAt: null }]);
    expect(JSON.stringify(shares)).not.toContain(path.split('.')[1]);
  });

  test('is made only for a page that shows something, whose whole id it keeps', async () => {
    await serve(token);
    const id = await submit();
    expect((await client.createShare({ page: `/candidates/${id.slice(0, 12)}?tab=source` })).page).toBe(
      `/candidates/${id}?tab=source`,
    );
    for (const page of ['/fleet', '/', '/candidates', '//evil.example/problems/x', 'problems/x', `/sweeps/${id}`])
      await expect(client.createShare({ page })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    for (const page of ['/problems/nothing', `/candidates/c-${'f'.repeat(32)}`, '/campaigns/k-ffffffffffffffff'])
      await expect(client.createShare({ page })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.createShare({ page: '/problems/vector_add', days: 0 })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
  });
});

test('only with the token is a link made', async () => {
  await serve();
  const stranger = createClient({ url: server.url });
  await expect(stranger.createShare({ page: '/problems/vector_add' })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  const { path } = await client.createShare({ page: '/problems/vector_add' });
  expect((await ask(`${path}/v1/shares`, { method: 'POST' })).status).toBe(403);
});

test('a link is over at the moment that it was made for', async () => {
  await serve();
  let nowMs = Date.parse('2026-01-01T00:00:00.000Z');
  const tokens = await openTokenBook({ store: createFakeAccess(), now: () => nowMs });
  const links = createShareLinks({ store: createFakeShares(), now: () => nowMs, find: async (thing) => thing, tokens });
  const { path, expiresAt } = await links.create({ page: '/problems/softmax', days: 1, note: '' }, OPERATOR);
  expect(expiresAt).toBe('2026-01-02T00:00:00.000Z');
  const token = path.split('/').at(-1) ?? '';
  nowMs += DAY_MS - 1;
  expect(await links.open(token)).not.toBeNull();
  nowMs += 1;
  expect(await links.open(token)).toBeNull();
});

test('a link is over with the token that made it, and says so from the beginning', async () => {
  await serve();
  let nowMs = Date.parse('2026-01-01T00:00:00.000Z');
  const tokens = await openTokenBook({ store: createFakeAccess(), now: () => nowMs });
  const links = createShareLinks({ store: createFakeShares(), now: () => nowMs, find: async (thing) => thing, tokens });
  const { token } = await tokens.create({ name: 'ada', role: 'submit', anySubmitter: false, days: 1 }, 'operator');
  const ada = tokens.principalOf(token) ?? OPERATOR;
  const { path, expiresAt } = await links.create({ page: '/problems/softmax', days: 7, note: '' }, ada);
  expect([expiresAt, (await links.list(ada))[0]?.expiresAt]).toEqual(['2026-01-02T00:00:00.000Z', '2026-01-02T00:00:00.000Z']);
  const secret = path.split('/').at(-1) ?? '';
  expect(await links.open(secret)).not.toBeNull();
  nowMs += DAY_MS;
  expect(await links.open(secret)).toBeNull();
});

test('a link that was written while its token was revoked opens nothing', async () => {
  await serve();
  const tokens = await openTokenBook({ store: createFakeAccess(), now: () => 0 });
  const links = createShareLinks({ store: createFakeShares(), now: () => 0, find: async (thing) => thing, tokens });
  const { token, id } = await tokens.create({ name: 'ada', role: 'submit', anySubmitter: false }, 'operator');
  const ada = tokens.principalOf(token) ?? OPERATOR;
  await tokens.revoke(id);
  const { path } = await links.create({ page: '/problems/softmax', days: 7, note: '' }, ada);
  expect(await links.open(path.split('/').at(-1) ?? '')).toBeNull();
});
