import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { createClient } from '../../../src/client/create-client.ts';
import { containing } from '../../support/server/containing.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

let server: FakeServer;
afterEach(() => server.stop());

/** Unlike fetch, this may set Host and Sec-Fetch-* headers. */
const statusOf = (path: string, headers: Record<string, string>, { method = 'GET', host = '127.0.0.1' } = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    request({ host, port: server.port, path, method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });

const addresses = Object.values(networkInterfaces()).flatMap((list = []) => list);
const hasIpv6 = (): boolean => addresses.some(({ address }) => address === '::1');
/** Null on a machine without a network. */
const outerAddress = (): string | null =>
  addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? null;

describe('with a token', () => {
  test.each(['/v1/queue', '/metrics', '/openapi.json', '/docs', '/v1/events', '/nothing'])(
    '%s is refused without it',
    async (path) => {
      server = await serveFake({ config: { token: 'secret-token' } });
      expect(await statusOf(path, {})).toBe(401);
      expect(await statusOf(path, { authorization: 'Bearer secret-tokem' })).toBe(401);
      expect(await statusOf(path, { authorization: 'Bearer secret-token2' })).toBe(401);
      expect(await statusOf(path, { authorization: 'Basic secret-token' })).toBe(401);
    },
  );

  test.each(['/healthz', '/readyz', '/readyz?verbose'])('%s needs none: probes have no token', async (path) => {
    server = await serveFake({ config: { token: 'secret-token' } });
    expect(await statusOf(path, {})).toBe(200);
    server.kiln.setNotReady('the store does not take writes');
    expect(await statusOf(path, {})).toBe(path === '/healthz' ? 200 : 503);
    expect(await statusOf('/metrics', {})).toBe(401);
  });

  test('the client sends it', async () => {
    server = await serveFake({ config: { token: 'secret-token' } });
    expect((await createClient({ url: server.url, token: 'secret-token' }).queue()).stages.queued).toBe(3);
    const wrong = createClient({ url: server.url, token: 'wrong' }).queue();
    await expect(wrong).rejects.toMatchObject({ code: 'UNAUTHORIZED', message: containing('--token') });
    const answer = await fetch(`${server.url}/v1/queue`);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    expect(await answer.text()).not.toContain('secret');
  });

  test('another name of the machine may be used', async () => {
    server = await serveFake({ config: { token: 'secret-token' } });
    expect(await statusOf('/v1/queue', { authorization: 'Bearer secret-token', host: 'kiln.example.org' })).toBe(200);
  });
});

/** Addresses of this machine that a daemon without a token may be bound to; each has to be there to be tested. */
const BOUND = ['127.0.0.1', '127.0.0.2', 'localhost', '::ffff:127.0.0.1', ...(hasIpv6() ? ['::1'] : [])];
const REBOUND = ['evil.example.org', 'localhost.evil.example.org:7070', '127.0.0.1.evil.example.org', '[::1].evil.example.org'];

describe.each(BOUND)('bound to %s without a token', (host) => {
  test('a page whose name was rebound to it reads nothing, its own names do', async () => {
    server = await serveFake({ host });
    for (const name of REBOUND) {
      const page = { host: name, origin: `http://${name}`, 'sec-fetch-site': 'same-origin' };
      expect(await statusOf('/v1/queue', page, { host }), name).toBe(403);
      expect(await statusOf('/v1/candidates', page, { host, method: 'POST' }), name).toBe(403);
    }
    expect(await statusOf('/v1/queue', { host: new URL(server.url).host }, { host })).toBe(200);
  });
});

const outer = outerAddress();

test.skipIf(outer === null)(
  'without a token nothing is served that came over another address than loopback, whatever name it uses',
  async () => {
    server = await serveFake({ host: '0.0.0.0' });
    expect(await statusOf('/v1/queue', { host: 'localhost' })).toBe(200);
    expect(await statusOf('/v1/queue', { host: 'localhost' }, { host: outer ?? '' })).toBe(403);
  },
);

describe('on loopback without a token', () => {
  test.each([
    'localhost:7070',
    '127.0.0.1:1',
    '127.9.9.9',
    '[::1]:7070',
    '[::ffff:127.0.0.1]:1',
    'LOCALHOST',
    'kiln.localhost:1',
  ])('the Host %s is served', async (host) => {
    server = await serveFake();
    expect(await statusOf('/v1/queue', { host })).toBe(200);
  });

  test.each(['evil.example.org', 'localhost.evil.example.org', '127.0.0.1.evil.example.org:7070', '10.0.0.1'])(
    'the Host %s is refused',
    async (host) => {
      server = await serveFake();
      expect(await statusOf('/v1/queue', { host })).toBe(403);
    },
  );

  test.each([
    ['a page of another site', { headers: { origin: 'https://evil.example.org' }, method: 'POST', status: 403 }],
    ['a sandboxed page', { headers: { origin: 'null' }, method: 'POST', status: 403 }],
    ['a page of another local port', { headers: { origin: 'http://127.0.0.1:1' }, method: 'POST', status: 403 }],
    [
      'an image on another site',
      { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, method: 'GET', status: 403 },
    ],
    [
      'a form on another site',
      { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, method: 'POST', status: 403 },
    ],
    [
      'a link on another site',
      { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, method: 'GET', status: 200 },
    ],
    ['its own pages', { headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, method: 'GET', status: 200 }],
    ['the address bar', { headers: { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, method: 'GET', status: 200 }],
  ])('%s: %o', async (_name, { headers, method, status }) => {
    server = await serveFake();
    expect(await statusOf('/v1/queue', headers, { method })).toBe(status);
  });

  test('its own origin is served', async () => {
    server = await serveFake();
    expect(await statusOf('/v1/queue', { origin: server.url })).toBe(200);
  });
});
