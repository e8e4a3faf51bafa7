import { request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { createClient } from '../../../src/client/create-client.ts';
import { containing } from '../../fixtures/server/containing.ts';
import { type FakeServer, serveFake } from '../../fixtures/server/serve-fake.ts';

let server: FakeServer;
afterEach(() => server.stop());

/** Unlike fetch, this may set Host and Sec-Fetch-* headers. */
const statusOf = (path: string, headers: Record<string, string>, method = 'GET'): Promise<number> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: server.port, path, method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });

describe('with a token', () => {
  test.each(['/v1/queue', '/readyz', '/metrics', '/openapi.json', '/docs', '/v1/events', '/nothing'])(
    '%s is refused without it',
    async (path) => {
      server = await serveFake({ config: { token: 'secret-token' } });
      expect(await statusOf(path, {})).toBe(401);
      expect(await statusOf(path, { authorization: 'Bearer secret-tokem' })).toBe(401);
      expect(await statusOf(path, { authorization: 'Bearer secret-token2' })).toBe(401);
      expect(await statusOf(path, { authorization: 'Basic secret-token' })).toBe(401);
    },
  );

  test('/healthz needs none, and the client sends it', async () => {
    server = await serveFake({ config: { token: 'secret-token' } });
    expect(await statusOf('/healthz', {})).toBe(200);
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

describe('on loopback without a token', () => {
  test.each(['localhost:7070', '127.0.0.1:1', '[::1]:7070', 'LOCALHOST'])('the Host %s is served', async (host) => {
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
    expect(await statusOf('/v1/queue', headers, method)).toBe(status);
  });

  test('its own origin is served', async () => {
    server = await serveFake();
    expect(await statusOf('/v1/queue', { origin: server.url })).toBe(200);
  });
});
