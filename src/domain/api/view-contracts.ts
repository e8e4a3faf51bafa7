/** Endpoints for those who look, once: the server's routes and the dashboard both read these records. */
import { z } from 'zod';
import { CandidateId, SweepId } from '../ids.ts';
import { SubmitCandidate } from './candidates.ts';
import { FAILURES } from './errors.ts';
import {
  ActivityList,
  ActivityQuery,
  OriginView,
  PlanView,
  ProgressView,
  RecordList,
  RecordsQuery,
  SummariesQuery,
  SummaryList,
  SweepList,
  SweepPoints,
} from './views.ts';

const CandidateParams = z.strictObject({ id: CandidateId });

export const viewsContract = {
  activity: {
    method: 'GET',
    url: '/v1/activity',
    schema: {
      operationId: 'getActivity',
      tags: ['fleet'],
      summary: "Attempts that finished since a moment, with where the devices' time went",
      querystring: ActivityQuery,
      response: { 200: ActivityList, ...FAILURES },
    },
  },
  summaries: {
    method: 'GET',
    url: '/v1/summaries',
    schema: {
      operationId: 'listSummaries',
      tags: ['candidates'],
      summary: 'Candidates in a line each, newest first, in pages',
      querystring: SummariesQuery,
      response: { 200: SummaryList, ...FAILURES },
    },
  },
  plan: {
    method: 'GET',
    url: '/v1/candidates/:id/plan',
    schema: {
      operationId: 'getCandidatePlan',
      tags: ['candidates'],
      summary: "A candidate's launch plan, resolved for every case",
      params: CandidateParams,
      response: { 200: PlanView, ...FAILURES },
    },
  },
  checkPlan: {
    method: 'POST',
    url: '/v1/plans/check',
    schema: {
      operationId: 'checkPlan',
      tags: ['candidates'],
      summary: 'What the launch plan of a candidate comes to, or what is wrong with it; submits nothing',
      body: SubmitCandidate,
      response: { 200: PlanView, ...FAILURES },
    },
  },
  origin: {
    method: 'GET',
    url: '/v1/candidates/:id/origin',
    schema: {
      operationId: 'getCandidateOrigin',
      tags: ['candidates'],
      summary: 'Sweep and generation that a candidate comes from',
      params: CandidateParams,
      response: { 200: OriginView, ...FAILURES },
    },
  },
  records: {
    method: 'GET',
    url: '/v1/records',
    schema: {
      operationId: 'listRecords',
      tags: ['problems'],
      summary: 'The last records that were taken, newest first',
      querystring: RecordsQuery,
      response: { 200: RecordList, ...FAILURES },
    },
  },
  progress: {
    method: 'GET',
    url: '/v1/problems/:name/progress',
    schema: {
      operationId: 'getProgress',
      tags: ['problems'],
      summary: 'How the best confirmed speed-up came about, over time and device time, per device model',
      params: z.strictObject({ name: z.string().min(1).max(64) }),
      response: { 200: ProgressView, ...FAILURES },
    },
  },
  sweeps: {
    method: 'GET',
    url: '/v1/sweeps',
    schema: {
      operationId: 'listSweeps',
      tags: ['sweeps'],
      summary: 'The last sweeps, newest first',
      response: { 200: SweepList, ...FAILURES },
    },
  },
  sweepPoints: {
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
