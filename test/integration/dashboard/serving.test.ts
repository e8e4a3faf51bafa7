import { readFileSync } from 'node:fs';
import { get, type IncomingHttpHeaders } from 'node:http';
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firstQuestions } from '../../../src/dashboard/model/first-questions.ts';
import { createFakeKiln } from '../../support/server/fake-kiln.ts';
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

/** On the wire. */
const sizeOf = async (path: string): Promise<number> => {
  const { status, headers, body } = await raw(path, { 'accept-encoding': 'gzip, br' });
  expect([path, status, headers['content-encoding']]).toEqual([path, 200, 'br']);
  expect(headers['cache-control']).toContain('immutable');
  return body.length;
};

interface FirstAnswers {
  readonly sequence: number;
  readonly answers: Readonly<Record<string, unknown>>;
}

const firstOf = (html: string): FirstAnswers | null => {
  const text = /<script type="application\/json" id="first">(.*?)<\/script>/u.exec(html)?.[1];
  return text === undefined ? null : (JSON.parse(text) as FirstAnswers);
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
    const scripts = assetsOf(html).flatMap((asset) => /\/([\w-]+)\.js$/u.exec(asset)?.[1] ?? []);
    expect(scripts).toEqual(['app', own]);
  });

  test('asks for little before a page is shown, each page within the budget', async () => {
    for (const path of ['/', '/fleet', '/problems/x', '/candidates', '/candidates/x', '/sweeps/x', '/campaigns/x', '/submit']) {
      const html = await (await fetch(`${server.url}${path}`)).text();
      const assets = assetsOf(html);
      expect(assets).toHaveLength(4);
      const sizes = await Promise.all(assets.map(sizeOf));
      expect(sizes.reduce((sum, bytes) => sum + bytes, html.length)).toBeLessThan(BUDGET_BYTES / 3);
    }
  });

  test('serves scripts without types, and maps that lead to the lines they were made of', async () => {
    const html = await (await fetch(`${server.url}/`)).text();
    for (const path of assetsOf(html).filter((asset) => asset.endsWith('.js'))) {
      const code = await (await fetch(`${server.url}${path}`)).text();
      expect(code).not.toMatch(/^\s*(?:interface|export interface|import type) /mu);
      const map = new SourceMap((await (await fetch(`${server.url}${path}.map`)).json()) as SourceMapPayload);
      const lines = code.split('\n');
      const line = lines.findIndex((text) => /^ {7}const \w+ = \(/u.test(text));
      const { originalSource, originalLine } = map.findEntry(line, 0) as SourceMapping;
      const source = readFileSync(originalSource, 'utf8').split('\n');
      expect(source[originalLine]?.slice(0, 30)).toBe(lines[line]?.replace(/^ {7}/u, 'export ').slice(0, 30));
    }
  });

  test('brings in the document what its page asks first, as of an event of the journal', async () => {
    const first = firstOf(await (await fetch(`${server.url}/?minutes=30`)).text());
    expect(first?.sequence).toBe(await server.kiln.lastSequence());
    expect(Object.keys(first?.answers ?? {}).toSorted()).toEqual([...firstQuestions('/')].toSorted());
    for (const [address, answer] of Object.entries(first?.answers ?? {}))
      expect([address, answer]).toEqual([address, await (await fetch(`${server.url}${address}`)).json()]);
    expect(firstOf(await (await fetch(`${server.url}/candidates?verdict=passed`)).text())?.answers).toHaveProperty([
      '/v1/access',
    ]);
    expect((await raw('/')).headers['cache-control']).toContain('no-store');
  });

  test('shows the page without what a store that fails does not answer', async () => {
    const kiln = createFakeKiln();
    const failing = await serveFake({ kiln: { ...kiln, queue: async () => Promise.reject(new Error('the store is gone')) } });
    const first = firstOf(await (await fetch(`${failing.url}/`)).text());
    expect(first?.answers).toHaveProperty(['/v1/fleet']);
    expect(first?.answers).not.toHaveProperty(['/v1/queue']);
    await failing.stop();
    const mute = await serveFake({ kiln: { ...kiln, lastSequence: async () => Promise.reject(new Error('the store is gone')) } });
    const html = await (await fetch(`${mute.url}/`)).text();
    expect([firstOf(html), html.includes('id="app"')]).toEqual([null, true]);
    await mute.stop();
  });

  test.each(['/assets/0000000000000000/app.js', '/assets/../package.json', '/assets/%2e%2e/package.json'])(
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
