/** GET / and every other address of the dashboard: one document, whose modules read the address. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Asset, type Assets, createAsset, encodingFor, loadAssets } from './assets.ts';
import { imageRoutes, type Rankings } from './images.ts';
import { createPage } from './page.ts';

/**
 * Addresses that people may open, reload and send to others, and the module of the page. None has an `id`: what is no candidate is told by the
 * page.
 */
const PAGES: Readonly<Record<string, string>> = {
  '/': 'overview',
  '/fleet': 'fleet',
  '/problems': 'problems',
  '/problems/:name': 'problem',
  '/candidates': 'candidates',
  '/candidates/:which': 'candidate',
  '/sweeps': 'sweeps',
  '/sweeps/:which': 'sweep',
  '/campaigns': 'campaigns',
  '/campaigns/:which': 'campaign',
  '/submit': 'submit',
};
const PAGES_FOLDER = 'src/dashboard/browser/pages';
const KEEP_FOR_GOOD = 'private, max-age=31536000, immutable';
const ASK_EACH_TIME = 'private, no-cache';
const NOT_MODIFIED = 304;
const LOAD_AFTER_MS = 2000;

export const dashboardRoutes = async (app: FastifyInstance, { rankings }: { readonly rankings: Rankings }): Promise<void> => {
  imageRoutes(app, rankings);
  const parts = onceOnly(() => {
    const assets = loadAssets();
    const pages = Object.entries(PAGES).map(([url, name]) => [url, servedPage(assets, `${PAGES_FOLDER}/${name}.ts`)] as const);
    return { assets, pages: new Map(pages) };
  });
  loadSoon(app, parts);
  const hidden = { schema: { hide: true } };
  for (const url of Object.keys(PAGES)) {
    app.get(url, hidden, (request, reply) => {
      const page = parts().pages.get(url);
      if (page === undefined) return reply.callNotFound();
      const { asset, headers, etag } = page;
      void reply.headers(headers);
      return answer({ request, reply, asset, etag, cache: ASK_EACH_TIME });
    });
  }
  app.get<{ Params: { '*': string } }>('/assets/*', hidden, (request, reply) => {
    const { base, files } = parts().assets;
    const path = `/assets/${request.params['*']}`;
    const asset = path.startsWith(base) ? files.get(path.slice(base.length)) : undefined;
    // An address of another version: the page that names it is old, and says so itself when its modules do not load.
    if (asset === undefined) return reply.callNotFound();
    return answer({ request, reply, asset, etag: base, cache: KEEP_FOR_GOOD });
  });
};

/** Reading and stripping take a moment, which is over before somebody opens the page. What is closed sooner never needs it. */
const loadSoon = (app: FastifyInstance, load: () => void): void => {
  let timer: NodeJS.Timeout | null = null;
  const loadNow = (): void => {
    try {
      load();
    } catch (error) {
      app.log.error({ err: error }, 'the dashboard cannot be served');
    }
  };
  app.addHook('onReady', async () => {
    timer = setTimeout(loadNow, LOAD_AFTER_MS).unref();
  });
  app.addHook('onClose', async () => {
    if (timer !== null) clearTimeout(timer);
  });
};

const servedPage = (assets: Assets, module: string) => {
  const { html, policy } = createPage(assets, module);
  return {
    asset: createAsset(html, 'text/html; charset=utf-8'),
    etag: createHash('sha256').update(html).digest('hex').slice(0, 16),
    headers: { 'content-security-policy': policy, 'referrer-policy': 'same-origin' },
  };
};

interface Answer {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly asset: Asset;
  readonly etag: string;
  readonly cache: string;
}

const answer = async ({ request, reply, asset, etag, cache }: Answer): Promise<FastifyReply> => {
  const quoted = `"${etag}"`;
  void reply.headers({ etag: quoted, 'cache-control': cache, vary: 'accept-encoding' });
  if (request.headers['if-none-match'] === quoted) return reply.status(NOT_MODIFIED).send();
  const encoding = encodingFor(request.headers['accept-encoding']);
  if (encoding !== 'identity') void reply.header('content-encoding', encoding);
  return reply.type(asset.contentType).send(await asset.encoded(encoding));
};

const onceOnly = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
};
