import { Buffer } from 'node:buffer';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { profilesContract } from '../../domain/api/profile-contracts.ts';
import { KilnError } from '../../domain/errors.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { ProfileRecord } from '../../domain/profile.ts';
import { requestSignal } from '../request-signal.ts';
import type { RouteDeps } from '../route-deps.ts';

export const profilesRoutes: FastifyPluginAsyncZod<RouteDeps> = async (app, deps) => {
  const { kiln } = deps;
  app.route({ ...profilesContract.ask, handler: async ({ params: { id } }) => existing(id, await kiln.askProfile(id)) });
  app.route({
    ...profilesContract.get,
    handler: async (request, reply) => {
      const { id } = request.params;
      const deadlineMs = performance.now() + request.query.wait * 1000;
      if (request.query.wait === 0) return existing(id, await kiln.profile(id));
      const { signal, release } = requestSignal(reply.raw, deps.closing);
      return profileWhenDone(deps, { id, deadlineMs, signal }).finally(release);
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

const existing = (id: CandidateId, record: ProfileRecord | null): ProfileRecord => {
  if (record) return record;
  throw new KilnError('NOT_FOUND', `candidate ${id} has no profile; ask for one with POST /v1/candidates/${id}/profile`);
};

interface Wait {
  readonly id: CandidateId;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** The record once it waits no more, or as it is at the deadline. Each turn follows an event of this candidate. */
const profileWhenDone = async ({ kiln, feed }: RouteDeps, { id, deadlineMs, signal }: Wait): Promise<ProfileRecord> => {
  const follower = await feed.follow();
  try {
    for (;;) {
      const ms = Math.max(0, deadlineMs - performance.now());
      // Before the read: an event written while the record is read must not be missed.
      const changed = follower.changed(id, { ms, signal });
      const record = existing(id, await kiln.profile(id));
      if (record.state.status !== 'waiting' || ms === 0 || signal.aborted) return record;
      await changed;
    }
  } finally {
    follower.unfollow();
  }
};
