/**
 * Which role each operation of the API needs, and which are written into the audit list. Once: the server asks it for every request, the OpenAPI
 * document tells it. What is not named here needs `admin`.
 */
import type { Role } from '../access/role.ts';

export interface OperationAccess {
  readonly role: Role;
  /** Who did it, and what came of it, is kept. */
  readonly audited: boolean;
}

const READ = [
  'checkPlan',
  'getAccess',
  'getActivity',
  'getLanes',
  'getCampaign',
  'getCampaignReport',
  'getCandidate',
  'getCandidateOrigin',
  'getCandidatePlan',
  'getCandidateSource',
  'getFleet',
  'getHealth',
  'getLibraryTimes',
  'getMetrics',
  'getOwnShare',
  'getPlanContract',
  'getProblem',
  'getProfile',
  'getProfileReport',
  'getProgress',
  'getQueue',
  'getRanking',
  'getReadiness',
  'getSweep',
  'getSweepPlot',
  'getSweepPoints',
  'getSweepResults',
  'listCampaigns',
  'listCandidates',
  'listGenerations',
  'listGenerators',
  'listProblemVersions',
  'listProblems',
  'listRecords',
  'listSubmitters',
  'listSummaries',
  'listSweeps',
  'planFleet',
  'streamCandidateEvents',
  'streamEvents',
  'whyCandidate',
] as const;

/** Of these, a caller reaches its own alone unless it is an admin. */
const SUBMIT = ['checkProblem', 'listShares', 'profileCandidate', 'submitCandidates'] as const;

const SUBMIT_AUDITED = [
  'cancelCandidate',
  'cancelCandidates',
  'cancelSweep',
  'createCampaign',
  'createShare',
  'createSweep',
  'extendSweep',
  'pauseCampaign',
  'pauseCandidates',
  'pauseSweep',
  'rejudgeCandidates',
  'reprioritiseCandidates',
  'resumeCampaign',
  'resumeCandidates',
  'resumeSweep',
  'revokeShare',
  'stopCampaign',
] as const;

const ADMIN = [
  'getFileStates',
  'getJob',
  'getJobLogs',
  'listFiles',
  'listJobs',
  'listTokens',
  'readAudit',
  'readFiles',
  'sendInput',
] as const;

const ADMIN_AUDITED = [
  'addHost',
  'bookHost',
  'collectGarbage',
  'clearSubmitter',
  'createToken',
  'execOnHost',
  'holdHost',
  'refreshFleet',
  'refreshHost',
  'releaseHost',
  'reloadFleet',
  'reloadProblems',
  'removeHost',
  'resumeHost',
  'revokeToken',
  'runJob',
  'setSubmitter',
  'signalExecution',
  'stopJob',
  'unbookHost',
  'writeFiles',
] as const;

type Names = typeof READ | typeof SUBMIT | typeof SUBMIT_AUDITED | typeof ADMIN | typeof ADMIN_AUDITED;
export type OperationId = Names[number];
export type AuditedOperation = (typeof SUBMIT_AUDITED | typeof ADMIN_AUDITED)[number];

const all = (names: readonly string[], role: Role, audited: boolean): readonly (readonly [string, OperationAccess])[] =>
  names.map((name) => [name, { role, audited }]);

/** By operationId. */
export const OPERATIONS: ReadonlyMap<string, OperationAccess> = new Map([
  ...all(READ, 'read', false),
  ...all(SUBMIT, 'submit', false),
  ...all(SUBMIT_AUDITED, 'submit', true),
  ...all(ADMIN, 'admin', false),
  ...all(ADMIN_AUDITED, 'admin', true),
]);

export const operationAccess = (operationId: string): OperationAccess =>
  OPERATIONS.get(operationId) ?? { role: 'admin', audited: true };
