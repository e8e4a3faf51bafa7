/** The Model Context Protocol over streamable HTTP: no sessions, each request stands alone. Access and body limits are those of all routes. */
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { KilnError } from '../../domain/errors.ts';
import { createMcpServer } from '../../mcp/create-mcp-server.ts';
import { plainCall } from '../../mcp/lenient-call.ts';
import { answerFor } from '../error-answers.ts';
import type { McpKiln } from '../../mcp/mcp-kiln.ts';
import { withAudit } from '../audited-tools.ts';
import { mcpKilnOf } from '../mcp-adapter.ts';
import { requestSignal } from '../request-signal.ts';
import type { RouteDeps } from '../route-deps.ts';

/** Streams of clients that want to hear of changes; the tools never change while a daemon runs. */
const SUBSCRIPTIONS_MAX = 64;

export const mcpRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, deps) => {
  /** By request id, while it is answered: tools do what its caller may. */
  const callers = new Map<string, McpKiln>();
  const handler = createMcpHandler(
    ({ requestInfo }) => {
      const id = requestInfo?.headers.get('x-request-id') ?? '';
      const kiln = callers.get(id);
      if (kiln === undefined) throw new KilnError('UNAUTHORIZED', 'this request has no caller');
      return createMcpServer({ kiln, tellError: (error) => answerFor(error, id, app.log) });
    },
    {
      maxSubscriptions: SUBSCRIPTIONS_MAX,
      onerror: (error) => app.log.debug({ err: error }, 'MCP request failed'),
    },
  );
  app.addHook('preClose', () => handler.close());
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    schema: { hide: true },
    handler: async (request, reply) => {
      const { signal, release } = requestSignal(reply.raw, deps.closing);
      // Before the answer: a client that goes away meanwhile must not leave its listener behind.
      reply.raw.once('close', () => {
        release();
        callers.delete(request.id);
      });
      callers.set(request.id, withAudit(mcpKilnOf({ ...deps, ...deps.own(request) }), deps.audit, request));
      return reply.send(await handler.fetch(webRequest(request, signal), { parsedBody: plainCall(request.body) }));
    },
  });
};

/** Without the body: it is read and parsed already. */
const webRequest = ({ method, url, headers, id }: FastifyRequest, signal: AbortSignal): Request => {
  const given = new Headers({ 'x-request-id': id });
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && name !== 'x-request-id') given.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return new Request(new URL(url, 'http://kiln'), { method, headers: given, signal });
};
