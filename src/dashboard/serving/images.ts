/**
 * Plots as images, for chats and readmes: GET /images/problems/NAME/{ranking,progress,badge}.svg. They are drawn by what draws them in the
 * page, with the page's colours inside, light or dark as the one who looks has it.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { type ProgressView, RankingQuery, type RankingView } from '../../domain/api/problems.ts';
import { times } from '../../domain/text/units.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { badge } from '../plots/badge.ts';
import { type ProgressAxis, progressPlot } from '../plots/progress-plot.ts';
import { rankingImage } from '../plots/ranking-plot.ts';
import type { Shape } from '../plots/shape.ts';
import { IMAGE_POLICY, imageText } from './image-text.ts';

/** What the images tell of. Both throw KilnError for a problem or device that is not known. */
export interface Rankings {
  ranking(problem: string, query: RankingQuery): Promise<RankingView>;
  progress(problem: string): Promise<ProgressView>;
}

const PLACES = 15;
const PROGRESS_BOX = { width: 720, height: 320 };
const AXES: readonly ProgressAxis[] = ['time', 'gpu', 'judged'];
const Filters = RankingQuery.omit({ limit: true });
/** What else stands in an address is nobody's harm: chats add to it. */
const ImageQuery = z.object({ ...Filters.shape, axis: z.string().optional() });

interface Asked {
  readonly Params: { readonly name: string };
  readonly Querystring: z.output<typeof ImageQuery>;
}

export const imageRoutes = (app: FastifyInstance, rankings: Rankings): void => {
  const hidden = { schema: { hide: true, querystring: ImageQuery } };
  app.get<Asked>('/images/problems/:name/ranking.svg', hidden, async ({ params, query }, reply) => {
    const model = await modelOf(rankings, params.name, { ...filtersOf(query), limit: PLACES });
    const of = query.class === 'program' ? 'programs by the time to their answers' : 'best candidates';
    const title = `${plainLine(params.name, 64)}: ${of}`;
    const subtitle =
      model === null ? 'nothing has passed yet' : `${plainLine(model.deviceModel, 80)}, speed-up with its 95 % interval`;
    return send(reply, rankingImage(model?.entries ?? [], { title, subtitle, places: PLACES }));
  });
  app.get<Asked>('/images/problems/:name/progress.svg', hidden, async ({ params, query }, reply) => {
    const { models } = await rankings.progress(params.name);
    const asked = query.device?.toLowerCase();
    const model = models.find(
      (one) => asked === undefined || [one.device, one.deviceModel].some((name) => name.toLowerCase() === asked),
    );
    const axis = AXES.find((one) => one === query.axis) ?? 'time';
    if (model === undefined)
      return send(reply, rankingImage([], { title: params.name, subtitle: 'nothing was judged yet', places: 0 }));
    const caption = `${plainLine(params.name, 64)} on ${plainLine(model.deviceModel, 60)}: best confirmed speed-up`;
    return send(reply, progressPlot(model, { ...PROGRESS_BOX, axis, caption }));
  });
  app.get<Asked>('/images/problems/:name/badge.svg', hidden, async ({ params, query }, reply) => {
    const first = (await modelOf(rankings, params.name, { ...filtersOf(query), limit: 1 }))?.entries[0];
    return send(reply, badge(plainLine(params.name, 64), first === undefined ? 'no record' : times(first.score.speedup)));
  });
};

const filtersOf = ({ axis: _axis, ...filters }: Asked['Querystring']): Omit<RankingQuery, 'limit'> => filters;

const modelOf = async (rankings: Rankings, problem: string, query: RankingQuery): Promise<RankingView['models'][number] | null> =>
  (await rankings.ranking(problem, query)).models[0] ?? null;

const send = (reply: FastifyReply, image: Shape): FastifyReply =>
  reply
    .headers({ 'content-security-policy': IMAGE_POLICY, 'cache-control': 'private, no-cache' })
    .type('image/svg+xml')
    .send(imageText(image));
