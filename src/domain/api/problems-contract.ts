/** Endpoints of problems and their rankings. */
import { z } from 'zod';
import { LibraryView } from '../library.ts';
import { PlainText } from '../plain-text.ts';
import { FAILURES } from './errors.ts';
import { CheckProblem, ProblemTried } from './problem-check.ts';
import { textAnswer } from './text-answer.ts';
import {
  ContractQuery,
  ProblemList,
  ProblemsReloaded,
  ProblemVersionList,
  ProblemView,
  ProgressView,
  RankingQuery,
  RankingView,
  RecordList,
  RecordsQuery,
} from './problems.ts';

const ProblemParams = z.strictObject({ name: PlainText.min(1).max(64) });

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
  reload: {
    method: 'POST',
    url: '/v1/problems/reload',
    schema: {
      operationId: 'reloadProblems',
      tags: ['problems'],
      summary:
        'Reads the folders of problems again. One that is wrong is told and keeps nobody else waiting; what waits is judged by the version it was submitted for',
      response: { 200: ProblemsReloaded, ...FAILURES },
    },
  },
  versions: {
    method: 'GET',
    url: '/v1/problems/:name/versions',
    schema: {
      operationId: 'listProblemVersions',
      tags: ['problems'],
      summary: 'The versions of a problem that candidates were submitted for',
      params: ProblemParams,
      response: { 200: ProblemVersionList, ...FAILURES },
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
  library: {
    method: 'GET',
    url: '/v1/problems/:name/library',
    schema: {
      operationId: 'getLibraryTimes',
      tags: ['problems'],
      summary: "What the problem's library program takes on each device model, as a target; or why nobody knows",
      params: ProblemParams,
      response: { 200: LibraryView, ...FAILURES },
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
  progress: {
    method: 'GET',
    url: '/v1/problems/:name/progress',
    schema: {
      operationId: 'getProgress',
      tags: ['problems'],
      summary: 'How the best confirmed speed-up came about, over time and device time, per device model',
      params: ProblemParams,
      response: { 200: ProgressView, ...FAILURES },
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
} as const;

export const planContract = {
  get: {
    method: 'GET',
    url: '/v1/contract',
    schema: {
      operationId: 'getPlanContract',
      tags: ['problems'],
      summary: 'What a candidate must look like: the launch-plan contract, for people and agents; of one language or of all',
      querystring: ContractQuery,
      response: { 200: textAnswer('text/markdown'), ...FAILURES },
    },
  },
} as const;
