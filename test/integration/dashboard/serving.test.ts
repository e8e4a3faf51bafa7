import { get, type IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const BUDGET_BYTES = 250_000;
let server: FakeServer;

beforeAll(async () => {
  server = await serveFake();
});
afterAll(async () => {
  await server.stop();
});

interface Raw {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As it is on the wire: `fetch` would decompress it. */
const raw = async (path: string, headers: Record<string, string> = {}): Promise<Raw> =>
  new Promise((resolve, reject) => {
    get(`${server.url}${path}`, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    }).on('error', reject);
  });

const page = async (): Promise<string> => (await fetch(`${server.url}/`)).text();
const assetsOf = (html: string): readonly string[] => [
  ...new Set([...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/gu)].map(([, path]) => path ?? '')),
];

describe('the dashboard, as it is served', () => {
  test('runs nothing inline and asks no other address', async () => {
    const response = await fetch(`${server.url}/`);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/u);
    const html = await response.text();
    expect(html).not.toMatch(/https?:\/\/|<script>|\sstyle=|\son\w+=/u);
  });

  test.each(['/fleet', '/problems/vector_add?tab=docs', '/candidates/c-1234', '/sweeps/s-1234', '/campaigns', '/submit'])(
    'has one document, also at %s',
    async (path) => {
      expect(await (await fetch(`${server.url}${path}`)).text()).toBe(await page());
    },
  );

  test('serves every module that the document and the modules name, without types, within the budget', async () => {
    const html = await page();
    const assets = assetsOf(html);
    expect(assets.length).toBeGreaterThan(40);
    let bytes = 0;
    for (const path of assets) {
      const { status, headers, body } = await raw(path, { 'accept-encoding': 'gzip, br' });
      expect([path, status, headers['content-encoding']]).toEqual([path, 200, 'br']);
      expect(headers['cache-control']).toContain('immutable');
      bytes += body.length;
      const code = path.endsWith('.ts') ? brotliDecompressSync(body).toString() : '';
      expect(code).not.toMatch(/^\s*(?:interface|export interface|import type) /mu);
    }
    bytes += (await raw('/', { 'accept-encoding': 'br' })).body.length;
    expect(bytes).toBeLessThan(BUDGET_BYTES);
  });

  test('is asked for once: a browser that has it is told so', async () => {
    const first = await raw('/');
    const again = await raw('/', { 'if-none-match': first.headers.etag ?? '' });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  test.each(['/assets/0000000000000000/src/dashboard/browser/app.ts', '/assets/../package.json', '/assets/%2e%2e/package.json'])(
    'serves no other file: %s',
    async (path) => {
      expect((await raw(path)).status).toBe(404);
    },
  );

  test.each(['ranking', 'progress', 'badge'])('draws %s as an image that fetches nothing', async (name) => {
    const { status, headers, body } = await raw(`/images/problems/vector_add/${name}.svg`);
    expect([status, headers['content-type']]).toEqual([200, 'image/svg+xml']);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/u);
    expect(body.toString()).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/u);
    expect(body.toString()).not.toMatch(/<script|href=|url\(/u);
  });

  test('sends who has no session to the sign-in, and back', async () => {
    const guarded = await serveFake({ config: { token: 'a-token-of-16-chars-or-more' } });
    const response = await fetch(`${guarded.url}/problems/softmax?tab=docs`, {
      redirect: 'manual',
      headers: { accept: 'text/html' },
    });
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      `/sign-in?next=${encodeURIComponent('/problems/softmax?tab=docs')}`,
    ]);
    await guarded.stop();
  });
});
