/**
 * What a page of the dashboard asks first (dashboard/model/first-questions.ts), answered without a request: its document brings the answers. Whoever
 * may open the page may ask all of it.
 */
import type { FastifyRequest } from 'fastify';
import type { Kiln } from '../domain/ports/kiln.ts';
import { FIRST_LIMITS } from '../dashboard/model/first-questions.ts';
import type { TokenBook } from './callers/token-book.ts';
import { ownAccess } from './routes/access.ts';

export interface FirstAnswersDeps {
  readonly kiln: Kiln;
  readonly tokens: TokenBook;
}

export const createFirstAnswers = ({
  kiln,
  tokens,
}: FirstAnswersDeps): Readonly<Record<string, (request: FastifyRequest) => unknown>> => ({
  '/v1/access': (request) => ownAccess(request, tokens),
  '/v1/fleet': () => kiln.fleet(),
  '/v1/queue': () => kiln.queue(),
  '/v1/problems': () => kiln.problems(),
  [`/v1/records?limit=${FIRST_LIMITS.records}`]: () => kiln.views.records({ limit: FIRST_LIMITS.records }),
  [`/v1/summaries?status=done&limit=${FIRST_LIMITS.verdicts}`]: () =>
    kiln.views.summaries({ status: 'done', limit: FIRST_LIMITS.verdicts }),
  [`/v1/summaries?limit=${FIRST_LIMITS.candidates}`]: () => kiln.views.summaries({ limit: FIRST_LIMITS.candidates }),
});
