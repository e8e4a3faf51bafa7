import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { operationsContract } from '../../domain/api/contracts.ts';
import type { RouteDeps } from '../route-deps.ts';

const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';

export const operationsRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { kiln, httpMetrics }) => {
  app.route({ ...operationsContract.health, handler: async () => ({ status: 'ok' as const }) });
  app.route({
    ...operationsContract.ready,
    handler: async (_request, reply) => {
      const reason = kiln.notReady();
      return reply.status(reason === null ? 200 : 503).send({ ready: reason === null, reason });
    },
  });
  app.route({
    ...operationsContract.metrics,
    handler: async (_request, reply) => {
      const [engine, http] = await Promise.all([kiln.metrics(), httpMetrics()]);
      return reply.type(PROMETHEUS_TEXT).send(`${engine.trimEnd()}\n${http}`);
    },
  });
};
