import { Buffer } from 'node:buffer';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { profilesContract } from '../../domain/api/profiles-contract.ts';
import { KilnError } from '../../domain/errors.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Profile } from '../../domain/profile.ts';
import { answerWhenDone } from '../answer-when-done.ts';
import { requestSignal } from '../request-signal.ts';
import type { RouteDeps } from '../route-deps.ts';

export const profilesRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, deps) => {
  const { kiln, own } = deps;
  app.route({
    ...profilesContract.ask,
    handler: async (request) => existingProfile(request.params.id, await own(request).kiln.askProfile(request.params.id)),
  });
  app.route({
    ...profilesContract.get,
    handler: async (request, reply) => {
      const { id } = request.params;
      const deadlineMs = performance.now() + request.query.wait * 1000;
      if (request.query.wait === 0) return existingProfile(id, await kiln.profile(id));
      const { signal, release } = requestSignal(reply.raw, deps.closing);
      const reading = {
        read: async () => existingProfile(id, await kiln.profile(id)),
        isDone: ({ state }: Profile) => state.status !== 'waiting',
      };
      return answerWhenDone(deps, { id, deadlineMs, signal }, reading).finally(release);
    },
  });
  app.route({
    ...profilesContract.report,
    handler: async ({ params: { id } }, reply) => {
      const report = await kiln.profileReport(id);
      if (!report) throw new KilnError('NOT_FOUND', `there is no report of a profiler of candidate ${id}; its profile says why`);
      return reply
        .type('application/octet-stream')
        .header('content-disposition', `attachment; filename="${id}.ncu-rep"`)
        .send(Buffer.from(report));
    },
  });
};

/** Throws NOT_FOUND where there is none. */
export const existingProfile = (id: CandidateId, profile: Profile | null): Profile => {
  if (profile) return profile;
  throw new KilnError('NOT_FOUND', `candidate ${id} has no profile; ask for one with POST /v1/candidates/${id}/profile`);
};
