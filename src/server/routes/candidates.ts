import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { SubmitBody, SubmitCandidate } from '../../domain/api/candidates.ts';
import { candidatesContract } from '../../domain/api/contracts.ts';
import { KilnError } from '../../domain/errors.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { CandidateRecord } from '../../domain/records.ts';
import type { RouteDeps } from '../route-deps.ts';
import { requestSignal } from '../request-signal.ts';
import { checkSourceSize } from '../source-limit.ts';

type Batch = readonly z.output<typeof SubmitCandidate>[];

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
      return candidateWhenDone(deps, { id, deadlineMs, signal }).finally(release);
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

/** Everything of a batch is checked before anything of it is kept. */
const checkedBatch = (body: z.output<typeof SubmitBody>, limits: RouteDeps['limits']): Batch => {
  const isBatch = 'candidates' in body;
  const batch = isBatch ? body.candidates : [body];
  if (batch.length > limits.batch) {
    throw new KilnError('BATCH_TOO_LARGE', `body.candidates: at most ${limits.batch} candidates in one request: send several`);
  }
  batch.forEach(({ source }, index) => {
    checkSourceSize(source, isBatch ? `body.candidates[${index}].source` : 'body.source', limits.sourceBytes);
  });
  return batch;
};

interface Wait {
  readonly id: CandidateId;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** The record once it is done, or as it is at the deadline. Each turn follows an event of this candidate. */
const candidateWhenDone = async ({ kiln, feed }: RouteDeps, { id, deadlineMs, signal }: Wait): Promise<CandidateRecord> => {
  const follower = await feed.follow();
  try {
    for (;;) {
      const ms = Math.max(0, deadlineMs - performance.now());
      // Before the read: an event written while the record is read must not be missed.
      const changed = follower.changed(id, { ms, signal });
      const record = await kiln.candidate(id);
      if (record.state.status === 'done' || ms === 0 || signal.aborted) return record;
      await changed;
    }
  } finally {
    follower.unfollow();
  }
};
