/** Endpoints of candidates, once: the server's routes, the client's methods and the dashboard all read these contracts. */
import { Candidate } from '../candidate.ts';
import {
  CancelAnswer,
  CandidateList,
  CandidateParams,
  CandidateQuery,
  ListQuery,
  OriginView,
  PlanView,
  SubmitAnswer,
  SubmitBody,
  SubmitCandidate,
  SummariesQuery,
  SummaryList,
} from './candidates.ts';
import { FAILURES } from './errors.ts';
import { textAnswer } from './text-answer.ts';

export const candidatesContract = {
  submit: {
    method: 'POST',
    url: '/v1/candidates',
    schema: {
      operationId: 'submitCandidates',
      tags: ['candidates'],
      summary: 'Submit one candidate, or a batch; ids come at once, and the verdict where the same content is known',
      body: SubmitBody,
      response: { 200: SubmitAnswer, ...FAILURES },
    },
  },
  list: {
    method: 'GET',
    url: '/v1/candidates',
    schema: {
      operationId: 'listCandidates',
      tags: ['candidates'],
      summary: 'Candidates, newest first, in pages',
      querystring: ListQuery,
      response: { 200: CandidateList, ...FAILURES },
    },
  },
  get: {
    method: 'GET',
    url: '/v1/candidates/:id',
    schema: {
      operationId: 'getCandidate',
      tags: ['candidates'],
      summary: 'State, verdict, measurements per case, compile log, host and device; `wait` holds the answer until it is done',
      params: CandidateParams,
      querystring: CandidateQuery,
      response: { 200: Candidate, ...FAILURES },
    },
  },
  source: {
    method: 'GET',
    url: '/v1/candidates/:id/source',
    schema: {
      operationId: 'getCandidateSource',
      tags: ['candidates'],
      summary: 'The source as it was submitted; the header x-kiln-language names its language',
      params: CandidateParams,
      response: { 200: textAnswer('text/plain'), ...FAILURES },
    },
  },
  cancel: {
    method: 'DELETE',
    url: '/v1/candidates/:id',
    schema: {
      operationId: 'cancelCandidate',
      tags: ['candidates'],
      summary: 'Cancel, also while it runs',
      params: CandidateParams,
      response: { 200: CancelAnswer, ...FAILURES },
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
} as const;
