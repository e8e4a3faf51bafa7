import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { planContract, problemsContract } from '../../domain/api/problems-contract.ts';
import { contractFor } from '../../domain/text/contract-for.ts';
import type { RouteDeps } from '../route-deps.ts';

export const problemsRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { kiln, contract, own }) => {
  app.route({ ...problemsContract.list, handler: async () => kiln.problems() });
  app.route({ ...problemsContract.reload, handler: async () => kiln.reloadProblems() });
  app.route({ ...problemsContract.versions, handler: (request) => kiln.problemVersions(request.params.name) });
  app.route({ ...problemsContract.get, handler: async (request) => kiln.problem(request.params.name) });
  app.route({ ...problemsContract.library, handler: async (request) => kiln.library(request.params.name) });
  app.route({ ...problemsContract.progress, handler: (request) => kiln.views.progress(request.params.name) });
  app.route({ ...problemsContract.records, handler: (request) => kiln.views.records(request.query) });
  app.route({
    ...planContract.get,
    handler: async ({ query: { language } }, reply) =>
      reply.type('text/markdown; charset=utf-8').send(contractFor(contract, language === undefined ? null : [language])),
  });
  app.route({
    ...problemsContract.check,
    handler: (request) => own(request).kiln.checkProblem(request.params.name, request.body),
  });
  app.route({ ...problemsContract.ranking, handler: (request) => kiln.ranking(request.params.name, request.query) });
};
