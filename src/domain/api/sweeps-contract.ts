/** The endpoints of sweeps, once: the server's routes and the client's methods both read these records. */
import { z } from 'zod';
import { FAILURES } from './errors.ts';
import {
  CreateSweep,
  ExtendSweep,
  SweepList,
  SweepParams,
  SweepPlotQuery,
  SweepPoints,
  SweepPointsQuery,
  SweepResults,
  SweepResultsQuery,
  SweepView,
} from './sweeps.ts';

/** A change of a sweep's state: no body, the sweep as it is then. */
const change = <const Url extends string, const Id extends string>(url: Url, operationId: Id, summary: string) =>
  ({
    method: 'POST',
    url,
    schema: { operationId, tags: ['sweeps'], summary, params: SweepParams, response: { 200: SweepView, ...FAILURES } },
  }) as const;

export const sweepsContract = {
  create: {
    method: 'POST',
    url: '/v1/sweeps',
    schema: {
      operationId: 'createSweep',
      tags: ['sweeps'],
      summary:
        "One source over a space of a candidate's params, tried by a strategy within a budget; the same request is the same sweep",
      body: CreateSweep,
      response: { 200: SweepView, ...FAILURES },
    },
  },
  list: {
    method: 'GET',
    url: '/v1/sweeps',
    schema: {
      operationId: 'listSweeps',
      tags: ['sweeps'],
      summary: 'The last sweeps, newest first',
      response: { 200: SweepList, ...FAILURES },
    },
  },
  get: {
    method: 'GET',
    url: '/v1/sweeps/:id',
    schema: {
      operationId: 'getSweep',
      tags: ['sweeps'],
      summary: 'Progress and the best candidates so far',
      params: SweepParams,
      response: { 200: SweepView, ...FAILURES },
    },
  },
  pause: change('/v1/sweeps/:id/pause', 'pauseSweep', 'Try nothing more until it is resumed; idempotent'),
  resume: change('/v1/sweeps/:id/resume', 'resumeSweep', 'Go on after a pause; idempotent'),
  cancel: change('/v1/sweeps/:id/cancel', 'cancelSweep', 'End it for good, with its points that wait; idempotent'),
  extend: {
    method: 'POST',
    url: '/v1/sweeps/:id/extend',
    schema: {
      operationId: 'extendSweep',
      tags: ['sweeps'],
      summary: 'Add to its budget; one that has finished goes on',
      params: SweepParams,
      body: ExtendSweep,
      response: { 200: SweepView, ...FAILURES },
    },
  },
  results: {
    method: 'GET',
    url: '/v1/sweeps/:id/results',
    schema: {
      operationId: 'getSweepResults',
      tags: ['sweeps'],
      summary: 'What became of its points, in the order in which verdicts came; `wait` holds the answer until there is more',
      params: SweepParams,
      querystring: SweepResultsQuery,
      response: { 200: SweepResults, ...FAILURES },
    },
  },
  points: {
    method: 'GET',
    url: '/v1/sweeps/:id/points',
    schema: {
      operationId: 'getSweepPoints',
      tags: ['sweeps'],
      summary: 'Points that were submitted, those that wait among them, in pages',
      params: SweepParams,
      querystring: SweepPointsQuery,
      response: { 200: SweepPoints, ...FAILURES },
    },
  },
  plot: {
    method: 'GET',
    url: '/v1/sweeps/:id/plot',
    schema: {
      operationId: 'getSweepPlot',
      tags: ['sweeps'],
      summary: 'Its points as parallel coordinates, a heat map of two params, or the best so far over device time: SVG',
      params: SweepParams,
      querystring: SweepPlotQuery,
      response: { 200: { content: { 'image/svg+xml': { schema: z.string() } } }, ...FAILURES },
    },
  },
} as const;
