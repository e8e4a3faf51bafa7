import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { eventsContract } from '../../domain/api/events-contract.ts';
import type { EventsQuery } from '../../domain/api/events.ts';
import { KilnError } from '../../domain/errors.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { RouteDeps } from '../route-deps.ts';
import type { Follower } from '../event-feed.ts';
import { runStream } from '../event-stream.ts';
import { hijack } from '../hijack.ts';
import { requestSignal } from '../request-signal.ts';

const NO_CONTENT = 204;

export const eventsRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, deps) => {
  const openStream = createStreamOpener(deps);
  app.route({
    ...eventsContract.all,
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      await openStream(reply, (follower) => ({ candidateId: null, after: startOf(request, request.query) ?? follower.head() }));
      return reply;
    },
  });
  app.route({
    ...eventsContract.candidate,
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const { id } = request.params;
      const after = startOf(request, request.query) ?? 0;
      if (await hasEnded(deps, id, after)) return reply.status(NO_CONTENT).send();
      await openStream(reply, () => ({ candidateId: id, after }));
      return reply;
    },
  });
};

/** The header wins over the query: it is what a browser knows when it reconnects. */
const startOf = (request: FastifyRequest, query: EventsQuery): number | null => {
  const header = request.headers['last-event-id'];
  if (header === undefined || header === '') return query.after ?? null;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new KilnError('INVALID_REQUEST', 'headers.last-event-id: must be the id of an event, a whole number');
};

/** Throws NOT_FOUND for an unknown candidate. */
const hasEnded = async ({ kiln }: RouteDeps, candidateId: CandidateId, after: number): Promise<boolean> => {
  const candidate = await kiln.candidate(candidateId);
  if (candidate.state.status !== 'done') return false;
  return (await kiln.events({ after, limit: 1, candidateId })).length === 0;
};

type Start = (follower: Follower) => { readonly candidateId: CandidateId | null; readonly after: number };

/**
 * Whoever has seen more than there is read another journal: this one was restored from a backup, or begun anew. It is told from now on, and would
 * else hear nothing until as much has happened again. What the feed has not read yet may be there.
 */
const within = async (after: number, follower: Follower, { kiln }: RouteDeps): Promise<number> =>
  after <= follower.head() ? after : Math.min(after, await kiln.lastSequence());

const createStreamOpener = (deps: RouteDeps) => {
  const { feed, streams, closing } = deps;
  let open = 0;
  return async (reply: FastifyReply, start: Start): Promise<void> => {
    if (open >= streams.streamsMax) {
      throw new KilnError(
        'TOO_MANY_STREAMS',
        `${streams.streamsMax} event streams are open already: close some, or poll with ?wait=`,
      );
    }
    open += 1;
    const { signal, release } = requestSignal(reply.raw, closing);
    let follower: Follower | null = null;
    try {
      follower = await feed.follow();
      const { candidateId, after: asked } = start(follower);
      const after = await within(asked, follower, deps);
      hijack(reply, HEADERS).flushHeaders();
      await runStream({ raw: reply.raw, follower, limits: streams, signal, candidateId, after });
    } catch (error) {
      if (!reply.raw.headersSent) throw error;
      // Too late for an error answer: the reader sees the end and resumes by id.
      reply.log.warn({ err: error }, 'event stream failed');
      reply.raw.destroy();
    } finally {
      open -= 1;
      release();
      follower?.unfollow();
    }
  };
};

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};
