/** The endpoints of profiles, once: the server's routes and the client's methods both read these contracts. */
import { z } from 'zod';
import { Profile } from '../profile.ts';
import { FAILURES } from './errors.ts';
import { CandidateParams, CandidateQuery } from './candidates.ts';

export const profilesContract = {
  ask: {
    method: 'POST',
    url: '/v1/candidates/:id/profile',
    schema: {
      operationId: 'profileCandidate',
      tags: ['candidates'],
      summary: 'Profile a candidate once it has passed; again, where it has a profile',
      params: CandidateParams,
      response: { 200: Profile, ...FAILURES },
    },
  },
  get: {
    method: 'GET',
    url: '/v1/candidates/:id/profile',
    schema: {
      operationId: 'getProfile',
      tags: ['candidates'],
      summary: 'What limits its kernels, or why there is no profile yet; `wait` holds the answer until it is done or has failed',
      params: CandidateParams,
      querystring: CandidateQuery,
      response: { 200: Profile, ...FAILURES },
    },
  },
  report: {
    method: 'GET',
    url: '/v1/candidates/:id/profile/raw',
    schema: {
      operationId: 'getProfileReport',
      tags: ['candidates'],
      summary: "The profiler's own report (.ncu-rep, for Nsight Compute)",
      params: CandidateParams,
      response: { 200: { content: { 'application/octet-stream': { schema: z.unknown() } } }, ...FAILURES },
    },
  },
} as const;
