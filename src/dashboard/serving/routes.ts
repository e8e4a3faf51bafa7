/** GET / and every other address of the dashboard: one document, whose modules read the address. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Asset, type Assets, encodingFor } from './assets.ts';
import { imageRoutes, type Rankings } from './images.ts';
import { askFirst, type FirstAnswering } from './first-answers.ts';
import { loadAssets } from './load-assets.ts';
import { documentOf, POLICY } from './page.ts';

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
/** It holds answers. */
const NEVER_KEEP = 'private, no-store';
const NOT_MODIFIED = 304;
const LOAD_AFTER_MS = 10_000;

interface Serving {
  readonly rankings: Rankings;
  readonly first: FirstAnswering;
  /** By a share link: its page asks for itself, at addresses below the link. */
  readonly cameByLink: (request: FastifyRequest) => boolean;
}

export const dashboardRoutes = async (app: FastifyInstance, { rankings, first, cameByLink }: Serving): Promise<void> => {
  imageRoutes(app, rankings);
  const assets = onceOnly(loadAssets);
  loadSoon(app, async () => {
    for (const [path, asset] of (await assets()).files) if (!path.endsWith('.map')) await asset.encoded('br');
  });
  const hidden = { schema: { hide: true } };
  for (const [url, name] of Object.entries(PAGES)) {
    const module = `${PAGES_FOLDER}/${name}.ts`;
    app.get(url, hidden, async (request, reply) => {
      const answers = cameByLink(request) ? null : await askFirst(request, first);
      return reply
        .headers({ 'content-security-policy': POLICY, 'referrer-policy': 'same-origin', 'cache-control': NEVER_KEEP })
        .type('text/html; charset=utf-8')
        .send(documentOf(await assets(), { module, first: answers }));
    });
  }
  app.get<{ Params: { '*': string } }>('/assets/*', hidden, async (request, reply) => {
    const { base, files } = await assets();
    const path = `/assets/${request.params['*']}`;
    const asset = path.startsWith(base) ? files.get(path.slice(base.length)) : undefined;
    // An address of another version: the page that names it is old, and says so itself when its modules do not load.
    if (asset === undefined) return reply.callNotFound();
    return answer({ request, reply, asset, etag: base, cache: KEEP_FOR_GOOD });
  });
};

/**
 * Reading, linking and compressing take a second or two of a processor: behind what a start has to do, and as a rule before somebody opens the page.
 * Who comes sooner waits for it. What is closed sooner never needs it.
 */
const loadSoon = (app: FastifyInstance, load: () => Promise<void>): void => {
  let timer: NodeJS.Timeout | null = null;
  const loadNow = async (): Promise<void> => {
    try {
      await load();
    } catch (error) {
      app.log.error({ err: error }, 'the dashboard cannot be served');
    }
  };
  app.addHook('onReady', async () => {
    timer = setTimeout(() => void loadNow(), LOAD_AFTER_MS).unref();
  });
  app.addHook('onClose', async () => {
    if (timer !== null) clearTimeout(timer);
  });
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

/** Tried again after a failure. */
const onceOnly = (load: () => Promise<Assets>): (() => Promise<Assets>) => {
  let loading: Promise<Assets> | null = null;
  return async () => {
    loading ??= load();
    try {
      return await loading;
    } catch (error) {
      loading = null;
      throw error;
    }
  };
};
