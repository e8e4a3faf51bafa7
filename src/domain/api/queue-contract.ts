/** Endpoints of the queue. */
import { FAILURES } from './errors.ts';
import { QueueView } from './queue.ts';

export const queueContract = {
  get: {
    method: 'GET',
    url: '/v1/queue',
    schema: {
      operationId: 'getQueue',
      tags: ['queue'],
      summary: 'What waits, per stage, device class and submitter; oldest age, throughput, ETA',
      response: { 200: QueueView, ...FAILURES },
    },
  },
} as const;
