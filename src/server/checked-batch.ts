import type { z } from 'zod';
import type { SubmitBody, SubmitCandidate } from '../domain/api/candidates.ts';
import { KilnError } from '../domain/errors.ts';
import type { ServerConfig } from './server-config.ts';
import { checkSourceSize } from './source-limit.ts';

type Batch = readonly z.output<typeof SubmitCandidate>[];

/** Everything of a batch is checked before anything of it is kept. */
export const checkedBatch = (body: z.output<typeof SubmitBody>, limits: ServerConfig['limits']): Batch => {
  const isBatch = 'candidates' in body;
  const batch = isBatch ? body.candidates : [body];
  if (batch.length > limits.batch) {
    throw new KilnError('BATCH_TOO_LARGE', `body.candidates: at most ${limits.batch} candidates in one request: send several`);
  }
  batch.forEach((candidate, index) => {
    checkSourceSize(candidate, isBatch ? `body.candidates[${index}].source` : 'body.source', limits.sourceBytes);
  });
  return batch;
};
