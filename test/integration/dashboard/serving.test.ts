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

const assetsOf = (html: string): readonly string[] => [
  ...new Set([...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/gu)].map(([, path]) => path ?? '')),
];

/** On the wire; what a module asks for later is there too. */
const sizeOf = async (path: string, seen: Map<string, number>): Promise<number> => {
  const { status, headers, body } = await raw(path, { 'accept-encoding': 'gzip, br' });
  expect([path, status, headers['content-encoding']]).toEqual([path, 200, 'br']);
  expect(headers['cache-control']).toContain('immutable');
  const code = path.endsWith('.ts') ? brotliDecompressSync(body).toString() : '';
  expect(code).not.toMatch(/^\s*(?:interface|export interface|import type) /mu);
  seen.set(path, body.length);
  for (const [, later = ''] of code.matchAll(/import\('([^']+)'\)/gu)) {
    const { pathname } = new URL(later, new URL(path, server.url));
    if (!seen.has(pathname)) await sizeOf(pathname, seen);
  }
  return body.length;
};

describe('the dashboard, as it is served', () => {
  test('runs nothing inline and asks no other address', async () => {
    const response = await fetch(`${server.url}/`);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/u);
    const html = await response.text();
    expect(html).not.toMatch(/https?:\/\/|<script>|\sstyle=|\son\w+=/u);
  });

  test.each([
    ['/', 'overview'],
    ['/fleet', 'fleet'],
    ['/problems/vector_add?tab=docs', 'problem'],
    ['/candidates/c-1234', 'candidate'],
    ['/sweeps/s-1234', 'sweep'],
    ['/campaigns', 'campaigns'],
    ['/submit', 'submit'],
  ])('names at %s the code of that page, and of no other', async (path, own) => {
    const html = await (await fetch(`${server.url}${path}`)).text();
    const pages = assetsOf(html).flatMap((asset) => /browser\/pages\/([\w-]+)\.ts$/u.exec(asset)?.[1] ?? []);
    expect(pages.toSorted()).toEqual(['on-demand', own, 'pages'].toSorted());
  });

  test('serves every module that the documents and the modules name, without types, each page within the budget', async () => {
    const seen = new Map<string, number>();
    for (const path of ['/', '/fleet', '/problems/x', '/candidates', '/candidates/x', '/sweeps/x', '/campaigns/x', '/submit']) {
      const html = await (await fetch(`${server.url}${path}`)).text();
      const assets = assetsOf(html);
      expect(assets.length).toBeGreaterThan(20);
      let bytes = (await raw(path, { 'accept-encoding': 'br' })).body.length;
      for (const asset of assets) bytes += seen.get(asset) ?? (await sizeOf(asset, seen));
      expect(bytes).toBeLessThan(BUDGET_BYTES / 2);
    }
    const onDemand = [...seen.keys()].filter((path) => /pages\/[\w-]+\.ts$/u.test(path));
    expect(onDemand.length).toBeGreaterThan(8);
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
