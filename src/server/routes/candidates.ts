import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { candidatesContract } from '../../domain/api/candidates-contract.ts';
import type { Candidate } from '../../domain/candidate.ts';
import { checkedBatch } from '../checked-batch.ts';
import { answerWhenDone } from '../answer-when-done.ts';
import type { RouteDeps } from '../route-deps.ts';
import { requestSignal } from '../request-signal.ts';
import { checkSourceSize } from '../source-limit.ts';

export const candidatesRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, deps) => {
  const { kiln, limits, own } = deps;
  app.route({ ...candidatesContract.submit, handler: (request) => own(request).kiln.submit(checkedBatch(request.body, limits)) });
  app.route({ ...candidatesContract.list, handler: (request) => kiln.candidates(request.query) });
  app.route({
    ...candidatesContract.get,
    handler: async (request, reply) => {
      const { id } = request.params;
      const deadlineMs = performance.now() + request.query.wait * 1000;
      if (request.query.wait === 0) return kiln.candidate(id);
      const { signal, release } = requestSignal(reply.raw, deps.closing);
      const reading = { read: () => kiln.candidate(id), isDone: ({ state }: Candidate) => state.status === 'done' };
      return answerWhenDone(deps, { id, deadlineMs, signal }, reading).finally(release);
    },
  });
  app.route({
    ...candidatesContract.source,
    handler: async (request, reply) => {
      const { source, language } = await kiln.source(request.params.id);
      return reply.header('x-kiln-language', language).type('text/plain; charset=utf-8').send(source);
    },
  });
  app.route({ ...candidatesContract.summaries, handler: (request) => kiln.views.summaries(request.query) });
  app.route({ ...candidatesContract.plan, handler: (request) => kiln.views.plan(request.params.id) });
  app.route({
    ...candidatesContract.checkPlan,
    handler: async ({ body }) => {
      checkSourceSize(body, 'body.source', limits.sourceBytes);
      return kiln.views.checkPlan(body);
    },
  });
  app.route({ ...candidatesContract.origin, handler: (request) => kiln.views.origin(request.params.id) });
  app.route({ ...candidatesContract.cancel, handler: (request) => own(request).kiln.cancel(request.params.id) });
};
