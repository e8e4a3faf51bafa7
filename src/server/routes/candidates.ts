import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { candidatesContract } from '../../domain/api/contracts.ts';
import type { CandidateRecord } from '../../domain/records.ts';
import { checkedBatch } from '../checked-batch.ts';
import { recordWhenDone } from '../record-when-done.ts';
import type { RouteDeps } from '../route-deps.ts';
import { requestSignal } from '../request-signal.ts';

export const candidatesRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, deps) => {
  const { kiln, limits } = deps;
  app.route({ ...candidatesContract.submit, handler: (request) => kiln.submit(checkedBatch(request.body, limits)) });
  app.route({ ...candidatesContract.list, handler: (request) => kiln.candidates(request.query) });
  app.route({
    ...candidatesContract.get,
    handler: async (request, reply) => {
      const { id } = request.params;
      const deadlineMs = performance.now() + request.query.wait * 1000;
      if (request.query.wait === 0) return kiln.candidate(id);
      const { signal, release } = requestSignal(reply.raw, deps.closing);
      const reading = { read: () => kiln.candidate(id), isDone: ({ state }: CandidateRecord) => state.status === 'done' };
      return recordWhenDone(deps, { id, deadlineMs, signal }, reading).finally(release);
    },
  });
  app.route({
    ...candidatesContract.source,
    handler: async (request, reply) => {
      const { source, language } = await kiln.source(request.params.id);
      return reply.header('x-kiln-language', language).type('text/plain; charset=utf-8').send(source);
    },
  });
  app.route({ ...candidatesContract.cancel, handler: (request) => kiln.cancel(request.params.id) });
};
