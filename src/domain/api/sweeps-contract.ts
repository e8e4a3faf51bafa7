/** Endpoints of sweeps. */
import { z } from 'zod';
import { SweepId } from '../ids.ts';
import { FAILURES } from './errors.ts';
import { CreateSweep, SweepCreated, SweepList, SweepPoints, SweepView } from './sweeps.ts';

export const sweepsContract = {
  create: {
    method: 'POST',
    url: '/v1/sweeps',
    schema: {
      operationId: 'createSweep',
      tags: ['sweeps'],
      summary: "One source over a grid, or random points of it, of a candidate's params",
      body: CreateSweep,
      response: { 200: SweepCreated, ...FAILURES },
    },
  },
  get: {
    method: 'GET',
    url: '/v1/sweeps/:id',
    schema: {
      operationId: 'getSweep',
      tags: ['sweeps'],
      summary: 'Progress and the best candidates so far',
      params: z.strictObject({ id: SweepId }),
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
  points: {
    method: 'GET',
    url: '/v1/sweeps/:id/points',
    schema: {
      operationId: 'getSweepPoints',
      tags: ['sweeps'],
      summary: 'Every point of a sweep: params, verdict and speed-up',
      params: z.strictObject({ id: SweepId }),
      response: { 200: SweepPoints, ...FAILURES },
    },
  },
} as const;
