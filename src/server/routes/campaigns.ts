import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { campaignsContract, generatorsContract } from '../../domain/api/campaigns-contract.ts';
import type { CampaignView } from '../../domain/api/campaigns.ts';
import type { RouteDeps } from '../route-deps.ts';
import { checkSourceSize } from '../source-limit.ts';

/** Reports quote what candidates made: opened as a page, they must not run or load anything. */
const REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

export const campaignsRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, { campaigns, limits, own }) => {
  app.route({
    ...campaignsContract.create,
    handler: (request) => {
      request.body.start.sources.forEach(({ source }, index) => {
        checkSourceSize({ source }, `body.start.sources[${index}].source`, limits.sourceBytes);
      });
      return own(request).campaigns.create(request.body);
    },
  });
  app.route({
    ...campaignsContract.list,
    handler: async () => ({ campaigns: (await campaigns.list()).campaigns.map(withShortSources) }),
  });
  app.route({ ...campaignsContract.get, handler: (request) => campaigns.view(request.params.id) });
  app.route({ ...campaignsContract.pause, handler: (request) => own(request).campaigns.pause(request.params.id) });
  app.route({ ...campaignsContract.resume, handler: (request) => own(request).campaigns.resume(request.params.id) });
  app.route({ ...campaignsContract.stop, handler: (request) => own(request).campaigns.stop(request.params.id) });
  app.route({
    ...campaignsContract.generations,
    handler: (request) => campaigns.generations(request.params.id, request.query),
  });
  app.route({
    ...campaignsContract.report,
    handler: async (request, reply) => {
      const { contentType, text } = await campaigns.report(request.params.id, request.query);
      return reply.header('content-security-policy', REPORT_POLICY).type(contentType).send(text);
    },
  });
  app.route({ ...generatorsContract.list, handler: async () => campaigns.generators() });
};

/** Of each starting point in a list: megabytes of them would be sent to whoever looks at it every second. */
const LISTED_SOURCE_CHARS = 200;

const withShortSources = (view: CampaignView): CampaignView => {
  const { spec } = view;
  const sources = spec.start.sources.map((point) => ({ ...point, source: shortened(point.source) }));
  return { ...view, spec: { ...spec, start: { ...spec.start, sources } } };
};

const shortened = (source: string): string =>
  source.length <= LISTED_SOURCE_CHARS
    ? source
    : `${source.slice(0, LISTED_SOURCE_CHARS).toWellFormed()}\n(${source.length - LISTED_SOURCE_CHARS} characters left out of the list)`;
