/** The HTTP server. It does not listen: whoever made it calls `listen` and `close`. */
import { randomUUID } from 'node:crypto';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { wallClockMs } from '../platform/clock.ts';
import type { Principal } from '../domain/access/principal.ts';
import { KilnError } from '../domain/errors.ts';
import { installCompression } from './compression.ts';
import { createAccessCheck, SIGN_IN_PATH, type TokenAccess } from './access.ts';
import { answerClientError, answerFrameworkError, installErrorAnswers } from './error-answers.ts';
import { EventFeed } from './event-feed.ts';
import { STREAM_LIMITS, type StreamLimits } from './event-stream.ts';
import { type AuditLog, installAudit } from './callers/audit-log.ts';
import { workOf } from './callers/own-work.ts';
import { accessOf, notePrincipal, principalOf, requireRole } from './callers/principals.ts';
import { openTokenBook, type TokenBook } from './callers/token-book.ts';
import { createFirstAnswers } from './first-answers.ts';
import { installHttpMetrics } from './http-metrics.ts';
import { installOpenApi } from './openapi.ts';
import type { Campaigns } from '../domain/ports/campaigns.ts';
import type { HostWork } from '../domain/ports/host-work.ts';
import type { Kiln } from '../domain/ports/kiln.ts';
import type { Sweeps } from '../domain/ports/sweeps.ts';
import type { AuditStore, TokenStore } from '../domain/ports/access.ts';
import type { ShareStore } from '../domain/ports/shares.ts';
import type { RouteDeps } from './route-deps.ts';
import type { ServerConfig } from './server-config.ts';
import { accessRoutes } from './routes/access.ts';
import { campaignsRoutes } from './routes/campaigns.ts';
import { candidatesRoutes } from './routes/candidates.ts';
import { eventsRoutes } from './routes/events.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { hostFilesRoutes, hostsRoutes } from './routes/hosts.ts';
import { mcpRoutes } from './routes/mcp.ts';
import { operationsRoutes } from './routes/operations.ts';
import { problemsRoutes } from './routes/problems.ts';
import { profilesRoutes } from './routes/profiles.ts';
import { queueRoutes } from './routes/queue.ts';
import { sharesRoutes } from './routes/shares.ts';
import { answerPage, signInRoutes } from './routes/sign-in.ts';
import { submittersRoutes } from './routes/submitters.ts';
import { sweepsRoutes } from './routes/sweeps.ts';
import { dashboardRoutes } from '../dashboard/serving/routes.ts';
import { isPageVisit } from './same-site.ts';
import { installShortIds } from './short-ids.ts';
import { createSessionCookie } from './sign-in/session-cookie.ts';
import { createSessions } from './sign-in/sessions.ts';
import { linkEndedPage } from './sign-in/sign-in-page.ts';
import { createWrongTokens, type WrongTokens } from './sign-in/wrong-tokens.ts';
import { createFinder } from './sharing/find-shared.ts';
import { createShareLinks, type ShareLinks } from './sharing/share-links.ts';
import { checkShared, shareTokenOf, withoutShareLink } from './sharing/shared-request.ts';
import { validatorCompiler } from './validation.ts';

/** One request's body, before it is parsed. A full batch of the largest sources would be 256 MiB: it is refused, not buffered. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;
/** Time to receive one whole request. */
const RECEIVE_LIMIT_MS = 60_000;
/** Node looks only this often (by itself every 30 s) for requests that are over their time. */
const RECEIVE_LOOK_MS = 1000;
const SEE_OTHER = 303;
const CONNECTIONS_MAX = 16_384;
/** Requests in flight get this long to be answered when the server closes. */
const CLOSE_GRACE_MS = 3000;

export interface ServerDeps {
  readonly kiln: Kiln;
  readonly campaigns: Campaigns;
  readonly work: HostWork;
  readonly sweeps: Sweeps;
  readonly shares: ShareStore;
  readonly access: TokenStore & AuditStore;
  /** What a candidate must look like, Markdown: for people, and for agents that come over HTTP or MCP. */
  readonly contract: string;
  readonly config: ServerConfig;
  readonly log: FastifyBaseLogger;
  /** Limits of event streams; tests make them short. */
  readonly streams?: Partial<StreamLimits>;
  /** Time to receive one whole request; tests make it short. */
  readonly receiveLimitMs?: number;
  /** Time for requests in flight when the server closes; tests make it short, or so long that it cuts nothing. */
  readonly closeGraceMs?: number;
}

export const createServer = async (deps: ServerDeps): Promise<FastifyInstance> => {
  const app = createBareServer(deps);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  installErrorAnswers(app, { bodyBytesMax: BODY_BYTES_MAX });
  const closing = installClosing(app, deps);
  const named = await openTokenBook({ store: deps.access, now: wallClockMs });
  const access = tokenAccessOf(deps.config, named);
  const sharing = { links: shareLinksOf(deps, named), wrongTokens: createWrongTokens(() => performance.now()) };
  const audit = installAudit(app, { store: deps.access, now: wallClockMs, log: deps.log });
  installAccess(app, { access, named, sharing, audit });
  installCompression(app);
  const httpMetrics = installHttpMetrics(app);
  await installOpenApi(app);
  await app.register(signInRoutes, { access });
  await app.register(dashboardRoutes, {
    rankings: {
      ranking: async (problem, query) => deps.kiln.ranking(problem, query),
      progress: async (problem) => deps.kiln.views.progress(problem),
    },
    first: {
      lastSequence: async () => deps.kiln.lastSequence(),
      answers: createFirstAnswers({ kiln: deps.kiln, tokens: named }),
    },
    cameByLink: (request) => shareTokenOf(request) !== null,
  });
  installShortIds(app, deps.kiln);
  await app.register(accessRoutes, { tokens: named, audit: deps.access });
  await app.register(sharesRoutes, sharing);
  await registerRoutes(app, {
    kiln: deps.kiln,
    campaigns: deps.campaigns,
    work: deps.work,
    sweeps: deps.sweeps,
    contract: deps.contract,
    feed: new EventFeed({ kiln: deps.kiln, log: deps.log }),
    limits: deps.config.limits,
    streams: { ...STREAM_LIMITS, ...deps.streams },
    closing,
    httpMetrics,
    own: (request) => workOf(deps, principalOf(request)),
    audit,
  });
  return app;
};

const createBareServer = ({ log, receiveLimitMs = RECEIVE_LIMIT_MS }: ServerDeps): FastifyInstance => {
  const app = fastify({
    loggerInstance: log,
    http: { connectionsCheckingInterval: RECEIVE_LOOK_MS, headersTimeout: receiveLimitMs, requestTimeout: receiveLimitMs },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: receiveLimitMs,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    // Refused by our own hook, in the shape of all other errors.
    return503OnClosing: false,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
    routerOptions: { ignoreTrailingSlash: true },
    rewriteUrl: withoutShareLink,
  });
  app.server.maxConnections = CONNECTIONS_MAX;
  return app;
};

const installClosing = (app: FastifyInstance, { closeGraceMs = CLOSE_GRACE_MS }: ServerDeps): AbortSignal => {
  const closing = new AbortController();
  app.addHook('preClose', async () => {
    closing.abort();
    // A connection that was opened and never used counts as busy to Node and would hold the close for a minute.
    setTimeout(() => app.server.closeAllConnections(), closeGraceMs).unref();
  });
  app.addHook('onRequest', async () => {
    if (closing.signal.aborted) throw new KilnError('STOPPING', 'the daemon is stopping');
  });
  return closing.signal;
};

const tokenAccessOf = ({ token, port }: ServerConfig, named: TokenBook): TokenAccess | null =>
  token === null
    ? null
    : {
        token,
        named,
        sessions: createSessions({ token, now: wallClockMs }),
        cookie: createSessionCookie(port),
        wrongTokens: createWrongTokens(() => performance.now()),
      };

const shareLinksOf = ({ shares, kiln, campaigns, sweeps }: ServerDeps, tokens: TokenBook): ShareLinks =>
  createShareLinks({ store: shares, now: wallClockMs, find: createFinder({ kiln, campaigns, sweeps }), tokens });

interface Sharing {
  readonly links: ShareLinks;
  readonly wrongTokens: WrongTokens;
}

interface Accessing {
  readonly access: TokenAccess | null;
  readonly named: TokenBook;
  readonly sharing: Sharing;
  readonly audit: AuditLog;
}

const installAccess = (app: FastifyInstance, { access, named, sharing, audit }: Accessing): void => {
  const shared = {
    cameByLink: (request: FastifyRequest) => shareTokenOf(request) !== null,
    check: async (request: FastifyRequest, path: string) => checkShared(request, path, sharing),
  };
  const checkAccess = createAccessCheck(access, { named, shared });
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
    try {
      const principal = await checkAccess(request);
      if (principal !== null) await admit(request, principal, audit);
    } catch (error) {
      if (!(error instanceof KilnError) || !isPageVisit(request)) throw error;
      if (shareTokenOf(request) !== null) return answerPage(reply, error.status, linkEndedPage(error.message));
      if (error.code !== 'UNAUTHORIZED') throw error;
      return reply.redirect(`${SIGN_IN_PATH}?next=${encodeURIComponent(request.url)}`, SEE_OTHER);
    }
  });
};

/** Throws FORBIDDEN where the role does not reach. */
const admit = async (request: FastifyRequest, principal: Principal, audit: AuditLog): Promise<void> => {
  notePrincipal(request, principal);
  const { role, action } = accessOf(request);
  try {
    requireRole(principal, role, action);
  } catch (error) {
    if (error instanceof KilnError) await audit.refused(request, principal, error.status);
    throw error;
  }
};

const registerRoutes = async (app: FastifyInstance, deps: RouteDeps): Promise<void> => {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  for (const routes of [
    candidatesRoutes,
    profilesRoutes,
    eventsRoutes,
    queueRoutes,
    fleetRoutes,
    hostsRoutes,
    hostFilesRoutes,
    problemsRoutes,
    sweepsRoutes,
    submittersRoutes,
    campaignsRoutes,
    mcpRoutes,
    operationsRoutes,
  ]) {
    await typed.register(routes, deps);
  }
};
