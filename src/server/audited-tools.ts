/** MCP tools go through one route: what they do is written to the audit list here, as what the routes of the same operations do. */
import type { FastifyRequest } from 'fastify';
import type { AuditedOperation, OperationId } from '../domain/api/roles.ts';
import type { McpKiln } from '../mcp/mcp-kiln.ts';
import type { AuditLog } from './callers/audit-log.ts';

type OperationOf = {
  readonly submit: 'submitCandidates';
  readonly candidate: 'getCandidate';
  readonly cancel: 'cancelCandidate';
  readonly why: 'whyCandidate';
  readonly plan: 'getCandidatePlan';
  readonly origin: 'getCandidateOrigin';
  readonly profile: 'getProfile';
  readonly askProfile: 'profileCandidate';
  readonly source: 'getCandidateSource';
  readonly queue: 'getQueue';
  readonly fleet: 'getFleet';
  readonly problems: 'listProblems';
  readonly problem: 'getProblem';
  readonly library: 'getLibraryTimes';
  readonly ranking: 'getRanking';
  readonly progress: 'getProgress';
  readonly createSweep: 'createSweep';
  readonly sweep: 'getSweep';
  readonly sweepResults: 'getSweepResults';
  readonly cancelSweep: 'cancelSweep';
  readonly contract: 'getPlanContract';
};
/** Each method of the port names the operation of the API that it is; of those that are audited, none can be left out below. */
type Audited = {
  [Method in keyof McpKiln]: OperationOf[Method] extends OperationId
    ? OperationOf[Method] extends AuditedOperation
      ? Method
      : never
    : Method;
}[keyof McpKiln];

export const withAudit = (kiln: McpKiln, audit: Pick<AuditLog, 'during'>, request: FastifyRequest): McpKiln => {
  const audited: Pick<McpKiln, Audited> = {
    cancel: async (id) => audit.during(request, { action: 'cancelCandidate', target: id }, async () => kiln.cancel(id)),
    cancelSweep: async (id) => audit.during(request, { action: 'cancelSweep', target: id }, async () => kiln.cancelSweep(id)),
    createSweep: async (sweep) =>
      audit.during(request, { action: 'createSweep', asked: sweep }, async () => kiln.createSweep(sweep)),
  };
  return { ...kiln, ...audited };
};
