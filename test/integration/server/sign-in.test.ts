import { request } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const TOKEN = 'a-token-for-the-tests';
const VISIT = { accept: 'text/html,application/xhtml+xml' };

let server: FakeServer;
afterEach(() => server.stop());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Unlike fetch, this may set Host, Cookie and Sec-Fetch-* headers, and follows no redirect. */
const ask = (path: string, { method = 'GET', headers = {}, body = '' }: Asked = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: server.port, path, method, headers: { ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    })
      .on('error', reject)
      .end(body);
  });

const form = (fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Asked => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', origin: server.url, ...VISIT, ...headers },
  body: new URLSearchParams(fields).toString(),
});

const serve = async (token = TOKEN): Promise<void> => {
  server = await serveFake({ config: { token, port: 7070 } });
};

const cookieOf = ({ headers }: Answer): string => /^[^;]+/.exec(String(headers['set-cookie']))?.[0] ?? '';
const signedIn = async (): Promise<string> => cookieOf(await ask('/sign-in', form({ token: TOKEN })));

describe('a browser, where the daemon has a token', () => {
  test('is led to the page to sign in, and from there to what it wanted', async () => {
    await serve();
    const led = await ask('/docs?x=1', { headers: VISIT });
    expect([led.status, led.headers['location']]).toEqual([303, '/sign-in?next=%2Fdocs%3Fx%3D1']);
    const page = await ask(String(led.headers['location']), { headers: VISIT });
    expect(page.status).toBe(200);
    expect(page.text).toContain('value="/docs?x=1"');
    expect(page.headers['cache-control']).toBe('no-store');
    const answer = await ask('/sign-in', form({ token: TOKEN, next: '/docs?x=1' }));
    expect([answer.status, answer.headers['location']]).toEqual([303, '/docs?x=1']);
    expect(String(answer.headers['set-cookie'])).toMatch(
      /^kiln-session-7070=[\w.-]+; Path=\/; Max-Age=86400; HttpOnly; SameSite=Strict$/,
    );
    expect(String(answer.headers['set-cookie'])).not.toContain(TOKEN);
    const cookie = cookieOf(answer);
    for (const path of ['/docs', '/docs/static/swagger-ui-bundle.js', '/docs/json', '/v1/queue']) {
      expect((await ask(path, { headers: { cookie } })).status, path).toBe(200);
    }
    expect((await ask('/sign-in', { headers: { cookie } })).text).toContain('Sign out');
  });

  test('that sends a wrong token gets the page again, and no cookie', async () => {
    await serve();
    const answer = await ask('/sign-in', form({ token: `${TOKEN}x`, next: '/docs' }));
    expect(answer.status).toBe(401);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.text).toContain('This is not a token');
    expect(answer.text).not.toContain(TOKEN);
  });

  test.each([
    ['by its Origin', { origin: 'https://kiln.example.org', host: 'kiln.example.org' }],
    ['by the proxy', { 'sec-fetch-site': 'same-origin', 'x-forwarded-proto': 'https', origin: 'https://kiln.example.org' }],
  ])('over https (told %s) gets a cookie for https alone', async (_name, headers) => {
    await serve();
    const answer = await ask('/sign-in', form({ token: TOKEN }, headers));
    expect(String(answer.headers['set-cookie'])).toMatch(/; Secure$/);
  });

  test('signs out: its session is over, also for who copied the cookie', async () => {
    await serve();
    const cookie = await signedIn();
    const answer = await ask('/sign-out', form({}, { cookie }));
    expect([answer.status, answer.headers['location']]).toEqual([303, '/sign-in']);
    expect(String(answer.headers['set-cookie'])).toMatch(/^kiln-session-7070=; Path=\/; Max-Age=0;/);
    expect((await ask('/v1/queue', { headers: { cookie } })).status).toBe(401);
    expect((await ask('/docs', { headers: { cookie, ...VISIT } })).status).toBe(303);
  });

  test('keeps its session over a restart, and loses it when the token changes', async () => {
    await serve();
    const cookie = await signedIn();
    await server.stop();
    await serve();
    expect((await ask('/v1/queue', { headers: { cookie } })).status).toBe(200);
    await server.stop();
    await serve(`${TOKEN}-new`);
    expect((await ask('/v1/queue', { headers: { cookie } })).status).toBe(401);
  });

  test('that comes by a link on another site is sent one step further, where its cookie comes along', async () => {
    await serve();
    const page = await ask('/sign-in?next=%2Fdocs', { headers: { ...VISIT, 'sec-fetch-site': 'cross-site' } });
    expect(page.text).toContain('<meta http-equiv="refresh" content="0; url=/docs">');
  });

  test.each([
    '//evil.example',
    String.raw`/\evil.example`,
    'https://evil.example/',
    '/x/..//evil.example',
    '/%0d%0a//evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    '',
    '/sign-in',
    '/sign-out',
  ])('is never led elsewhere: next=%s', async (next) => {
    await serve();
    const to = String((await ask('/sign-in', form({ token: TOKEN, next }))).headers['location']);
    expect(new URL(to, 'http://kiln').origin).toBe('http://kiln');
    expect(to).toMatch(/^\/(?![/\\])/);
  });

  test('shows what is asked for as text alone', async () => {
    await serve();
    const page = await ask(`/sign-in?next=${encodeURIComponent('/"><script>alert(1)</script>')}`, { headers: VISIT });
    expect(page.text).not.toContain('<script');
  });
});

const submit = (cookie: string, headers: Readonly<Record<string, string>>): Asked => ({
  method: 'POST',
  headers: { cookie, 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ problem: 'vector_add', source: 'x' }),
});

describe('a session', () => {
  test.each([
    ['no word of where it comes from', {}],
    ['another site', { origin: 'https://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }],
    ['a sandboxed page', { origin: 'null' }],
    ['another site that hides its origin', { 'sec-fetch-site': 'cross-site' }],
  ])('changes nothing for %s', async (_name, headers) => {
    await serve();
    const cookie = await signedIn();
    expect((await ask('/v1/candidates', submit(cookie, headers))).status).toBe(403);
    expect((await ask('/sign-out', { ...submit(cookie, headers), body: '{}' })).status).toBe(403);
    expect((await ask('/v1/queue', { headers: { cookie } })).status).toBe(200);
  });

  test('works for its own pages, also behind a proxy with another Host', async () => {
    await serve();
    const cookie = await signedIn();
    expect((await ask('/v1/candidates', submit(cookie, { origin: server.url }))).status).toBe(200);
    const proxied = { origin: 'https://kiln.example', 'sec-fetch-site': 'same-origin' };
    expect((await ask('/v1/candidates', submit(cookie, proxied))).status).toBe(200);
  });

  test('is not lent to what other sites embed', async () => {
    await serve();
    const cookie = await signedIn();
    const image = { cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    expect((await ask('/v1/queue', { headers: image })).status).toBe(403);
  });

  test('of another page cannot be begun: the form is taken from our own page alone', async () => {
    await serve();
    expect((await ask('/sign-in', form({ token: TOKEN }, { origin: 'https://evil.example' }))).status).toBe(403);
  });
});

describe('wrong tokens', () => {
  test('are answered 429 above the limit, with when to come back; the right one is served all the same', async () => {
    // Time does not pass: one more would be allowed every six seconds.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now());
    await serve();
    const wrong = { headers: { authorization: 'Bearer wrong-token-of-16' } };
    const statuses: number[] = [];
    for (let sent = 0; sent < 11; sent += 1) statuses.push((await ask('/v1/queue', wrong)).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
    const refused = await ask('/v1/queue', wrong);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.headers['connection']).toBe('close');
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'TOO_MANY_WRONG_TOKENS' });
    const page = await ask('/sign-in', form({ token: 'wrong' }));
    expect([page.status, Number(page.headers['retry-after']) > 0]).toEqual([429, true]);
    expect((await ask('/v1/queue', { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
    expect((await ask('/sign-in', form({ token: TOKEN }))).status).toBe(303);
  });
});

describe('the page at /docs', () => {
  test.each(['', TOKEN])('works over http, all of it from this server (token: "%s")', async (token) => {
    server = await serveFake({ config: { token: token === '' ? null : token, port: 7070 } });
    const headers = token === '' ? {} : { cookie: await signedIn() };
    const page = await ask('/docs', { headers });
    expect(page.headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
    expect(page.headers['content-security-policy']).not.toMatch(/https?:/);
    const fetched = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '');
    expect(fetched.length).toBeGreaterThan(4);
    for (const url of fetched) {
      expect(url).toMatch(/^\/docs\//);
      expect((await ask(url, { headers })).status, url).toBe(200);
    }
  });

  test('needs no page to sign in where there is no token', async () => {
    server = await serveFake();
    const answer = await ask('/sign-in', { headers: VISIT });
    expect([answer.status, answer.headers['location']]).toEqual([303, '/']);
  });
});
