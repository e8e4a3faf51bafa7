/** Endpoints of submitters, once: the server's routes, the client and the dashboard all read these records. */
import { FAILURES } from './errors.ts';
import { SetSubmitter, SubmitterList, SubmitterParams, SubmitterView } from './submitters.ts';

export const submittersContract = {
  list: {
    method: 'GET',
    url: '/v1/submitters',
    schema: {
      operationId: 'listSubmitters',
      tags: ['submitters'],
      summary: 'Who submits: weights, limits, what waits and runs',
      response: { 200: SubmitterList, ...FAILURES },
    },
  },
  set: {
    method: 'PUT',
    url: '/v1/submitters/:submitter',
    schema: {
      operationId: 'setSubmitter',
      tags: ['submitters'],
      summary: "Sets a submitter's weight and limits: at once, and over restarts",
      params: SubmitterParams,
      body: SetSubmitter,
      response: { 200: SubmitterView, ...FAILURES },
    },
  },
  clear: {
    method: 'DELETE',
    url: '/v1/submitters/:submitter',
    schema: {
      operationId: 'clearSubmitter',
      tags: ['submitters'],
      summary: 'Back to a weight of 1 and no limit',
      params: SubmitterParams,
      response: { 200: SubmitterView, ...FAILURES },
    },
  },
} as const;
