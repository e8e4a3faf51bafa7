/** Endpoints for those who operate a daemon. */
import { z } from 'zod';
import { ErrorBody, FAILURES } from './errors.ts';
import { textAnswer } from './text-answer.ts';
import { Health, Readiness } from './operations.ts';
import { Collected, CollectGarbage } from './retention.ts';

export const operationsContract = {
  health: {
    method: 'GET',
    url: '/healthz',
    schema: {
      operationId: 'getHealth',
      tags: ['operations'],
      summary: 'The process is alive (needs no token)',
      security: [],
      response: { 200: Health },
    },
  },
  ready: {
    method: 'GET',
    url: '/readyz',
    schema: {
      operationId: 'getReadiness',
      tags: ['operations'],
      summary: 'Store, queue and disk take what is submitted, or which does not (needs no token)',
      security: [],
      response: { 200: Readiness, 503: z.union([Readiness, ErrorBody]), ...FAILURES },
    },
  },
  collectGarbage: {
    method: 'POST',
    url: '/v1/gc',
    schema: {
      operationId: 'collectGarbage',
      tags: ['operations'],
      summary: 'Removes old candidates that nothing needs any more, after they were written to a file; or counts them',
      body: CollectGarbage,
      response: { 200: Collected, ...FAILURES },
    },
  },
  metrics: {
    method: 'GET',
    url: '/metrics',
    schema: {
      operationId: 'getMetrics',
      tags: ['operations'],
      summary: 'Prometheus text format',
      response: { 200: textAnswer('text/plain'), ...FAILURES },
    },
  },
} as const;
