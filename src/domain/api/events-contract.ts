/** Endpoints of the journal. */
import { z } from 'zod';
import { CandidateParams } from './candidates.ts';
import { FAILURES } from './errors.ts';
import { textAnswer } from './text-answer.ts';
import { EventsQuery } from './events.ts';

export const eventsContract = {
  all: {
    method: 'GET',
    url: '/v1/events',
    schema: {
      operationId: 'streamEvents',
      tags: ['events'],
      summary: 'Journal as server-sent events: from `after` or Last-Event-ID (default: from now), then live',
      querystring: EventsQuery,
      response: { 200: textAnswer('text/event-stream'), ...FAILURES },
    },
  },
  candidate: {
    method: 'GET',
    url: '/v1/candidates/:id/events',
    schema: {
      operationId: 'streamCandidateEvents',
      tags: ['events'],
      summary: "A candidate's events from its beginning; ends after it is done (204 when nothing is left to send)",
      params: CandidateParams,
      querystring: EventsQuery,
      response: { 200: textAnswer('text/event-stream'), 204: z.undefined(), ...FAILURES },
    },
  },
} as const;
