/** Every endpoint of the API, once: the server's routes and the client's methods both read these records. */
import { CheckProblem, ProblemTried } from './problem-check.ts';
import { z } from 'zod';
import { CandidateId, HostId, SweepId } from '../ids.ts';
import { CandidateRecord } from '../records.ts';
import { CancelAnswer, CandidateList, ListQuery, SubmitAnswer, SubmitBody } from './candidates.ts';
import { ErrorBody, FAILURES } from './errors.ts';
import { CandidateQuery, EventsQuery, Health, Readiness } from './events.ts';
import {
  FleetView,
  HostResumed,
  HostsRefreshed,
  ProblemList,
  ProblemView,
  QueueView,
  RankingQuery,
  RankingView,
} from './inspection.ts';
import { CreateSweep, SweepCreated, SweepView } from './sweeps.ts';

const text = (contentType: string) => ({ content: { [contentType]: { schema: z.string() } } });
const CandidateParams = z.strictObject({ id: CandidateId });
const HostParams = z.strictObject({ host: HostId });
const ProblemParams = z.strictObject({ name: z.string().min(1).max(64) });

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
      response: { 200: CandidateRecord, ...FAILURES },
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
      response: { 200: text('text/plain'), ...FAILURES },
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
} as const;

export const eventsContract = {
  all: {
    method: 'GET',
    url: '/v1/events',
    schema: {
      operationId: 'streamEvents',
      tags: ['events'],
      summary: 'Journal as server-sent events: from `after` or Last-Event-ID (default: from now), then live',
      querystring: EventsQuery,
      response: { 200: text('text/event-stream'), ...FAILURES },
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
      response: { 200: text('text/event-stream'), 204: z.undefined(), ...FAILURES },
    },
  },
} as const;

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

export const fleetContract = {
  get: {
    method: 'GET',
    url: '/v1/fleet',
    schema: {
      operationId: 'getFleet',
      tags: ['fleet'],
      summary: 'Hosts and devices: state, inventory, what runs, how the time is used',
      response: { 200: FleetView, ...FAILURES },
    },
  },
  resume: {
    method: 'POST',
    url: '/v1/fleet/:host/resume',
    schema: {
      operationId: 'resumeHost',
      tags: ['fleet'],
      summary:
        'Takes the quarantined devices of a host, and its compiler, back to work, without a canary that passed; all that it compiled is compiled again',
      params: HostParams,
      response: { 200: HostResumed, ...FAILURES },
    },
  },
  refreshAll: {
    method: 'POST',
    url: '/v1/fleet/refresh',
    schema: {
      operationId: 'refreshFleet',
      tags: ['fleet'],
      summary: 'Has every host look again for its compilers, driver and devices; tells what changed',
      response: { 200: HostsRefreshed, ...FAILURES },
    },
  },
  refresh: {
    method: 'POST',
    url: '/v1/fleet/:host/refresh',
    schema: {
      operationId: 'refreshHost',
      tags: ['fleet'],
      summary: 'Has a host look again for its compilers, driver and devices; tells what changed',
      params: HostParams,
      response: { 200: HostsRefreshed, ...FAILURES },
    },
  },
} as const;

export const problemsContract = {
  list: {
    method: 'GET',
    url: '/v1/problems',
    schema: {
      operationId: 'listProblems',
      tags: ['problems'],
      summary: 'All problems',
      response: { 200: ProblemList, ...FAILURES },
    },
  },
  get: {
    method: 'GET',
    url: '/v1/problems/:name',
    schema: {
      operationId: 'getProblem',
      tags: ['problems'],
      summary: "A problem's definition with the text of its files",
      params: ProblemParams,
      response: { 200: ProblemView, ...FAILURES },
    },
  },
  check: {
    method: 'POST',
    url: '/v1/problems/:name/check',
    schema: {
      operationId: 'checkProblem',
      tags: ['problems'],
      summary:
        "Tries wrong versions of a problem's reference on a device of the fleet: its check must find each. Takes some seconds of the device",
      params: ProblemParams,
      body: CheckProblem,
      response: { 200: ProblemTried, ...FAILURES },
    },
  },
  ranking: {
    method: 'GET',
    url: '/v1/problems/:name/ranking',
    schema: {
      operationId: 'getRanking',
      tags: ['problems'],
      summary: 'Best candidates, one list per device model',
      params: ProblemParams,
      querystring: RankingQuery,
      response: { 200: RankingView, ...FAILURES },
    },
  },
} as const;

export const planContract = {
  get: {
    method: 'GET',
    url: '/v1/contract',
    schema: {
      operationId: 'getPlanContract',
      tags: ['problems'],
      summary: 'What a candidate must look like: the launch-plan contract, for people and agents',
      response: { 200: text('text/markdown'), ...FAILURES },
    },
  },
} as const;

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
} as const;

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
      response: { 200: Readiness, 503: Readiness, '4xx': ErrorBody },
    },
  },
  metrics: {
    method: 'GET',
    url: '/metrics',
    schema: {
      operationId: 'getMetrics',
      tags: ['operations'],
      summary: 'Prometheus text format',
      response: { 200: text('text/plain'), ...FAILURES },
    },
  },
} as const;
