/** Endpoints that steer what waits, once: the server's routes and the client's methods both read these records. */
import { z } from 'zod';
import { CandidateId } from '../ids.ts';
import { FAILURES } from './errors.ts';
import { Why } from './why.ts';
import { Rejudge, Reprioritise, Steer, Steered } from './steering.ts';

const response = { 200: Steered, ...FAILURES };

export const steeringContract = {
  why: {
    method: 'GET',
    url: '/v1/candidates/:id/why',
    schema: {
      operationId: 'whyCandidate',
      tags: ['candidates'],
      summary:
        'What it waits for: its place, the devices that could take it and what keeps each from it, and how long it will take',
      params: z.strictObject({ id: CandidateId }),
      response: { 200: Why, ...FAILURES },
    },
  },
  cancel: {
    method: 'POST',
    url: '/v1/queue/cancel',
    schema: {
      operationId: 'cancelCandidates',
      tags: ['queue'],
      summary: 'Cancel candidates, also those that run; `dryRun` counts and names them',
      body: Steer,
      response,
    },
  },
  pause: {
    method: 'POST',
    url: '/v1/queue/pause',
    schema: {
      operationId: 'pauseCandidates',
      tags: ['queue'],
      summary: 'Keep candidates from being judged until they are resumed, over restarts too; what a device has already goes on',
      body: Steer,
      response,
    },
  },
  resume: {
    method: 'POST',
    url: '/v1/queue/resume',
    schema: {
      operationId: 'resumeCandidates',
      tags: ['queue'],
      summary: 'Let paused candidates be judged',
      body: Steer,
      response,
    },
  },
  reprioritise: {
    method: 'POST',
    url: '/v1/queue/reprioritise',
    schema: {
      operationId: 'reprioritiseCandidates',
      tags: ['queue'],
      summary: 'Give candidates that wait another priority; 1 is first',
      body: Reprioritise,
      response,
    },
  },
  rejudge: {
    method: 'POST',
    url: '/v1/queue/rejudge',
    schema: {
      operationId: 'rejudgeCandidates',
      tags: ['queue'],
      summary: 'Take verdicts back, with the reason, and judge the candidates again',
      body: Rejudge,
      response,
    },
  },
} as const;
