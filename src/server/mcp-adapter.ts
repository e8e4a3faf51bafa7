/** The engine as the MCP tools need it: with the same checks and waits as the routes. */
import { type SubmitCandidate, SubmitBody } from '../domain/api/candidates.ts';
import type { z } from 'zod';
import { RankingQuery } from '../domain/api/problems.ts';
import { CreateSweep, SweepResultsQuery } from '../domain/api/sweeps.ts';
import { KilnError } from '../domain/errors.ts';
import { CandidateId, SweepId } from '../domain/ids.ts';
import { contractFor } from '../domain/text/contract-for.ts';
import { issueText, pathText } from '../platform/issue-text.ts';
import type { Profile } from '../domain/profile.ts';
import type { Candidate } from '../domain/candidate.ts';
import type { McpKiln } from '../mcp/mcp-kiln.ts';
import { checkedBatch } from './checked-batch.ts';
import { answerWhenDone } from './answer-when-done.ts';
import type { RouteDeps } from './route-deps.ts';
import { checkSourceSize } from './source-limit.ts';
import { existingProfile } from './routes/profiles.ts';

export const mcpKilnOf = (deps: Pick<RouteDeps, 'kiln' | 'sweeps' | 'feed' | 'limits' | 'contract' | 'closing'>): McpKiln => {
  const { kiln, sweeps, limits, contract, closing } = deps;
  const waitOf = (id: CandidateId, { waitSeconds, signal }: { readonly waitSeconds: number; readonly signal: AbortSignal }) => ({
    id,
    deadlineMs: performance.now() + waitSeconds * 1000,
    signal: AbortSignal.any([signal, closing]),
  });
  return {
    submit: async (candidates) => kiln.submit(checkedBatch(parsedBody(candidates), limits)),
    candidate: async (id, { waitSeconds = 0, signal = closing } = {}) => {
      const candidateId = parsedId(id);
      const reading = {
        read: () => kiln.candidate(candidateId),
        isDone: ({ state }: Candidate) => state.status === 'done',
      };
      return answerWhenDone(deps, waitOf(candidateId, { waitSeconds, signal }), reading);
    },
    profile: async (id, { waitSeconds = 0, signal = closing } = {}) => {
      const candidateId = parsedId(id);
      const reading = {
        read: async () => existingProfile(candidateId, await kiln.profile(candidateId)),
        isDone: ({ state }: Profile) => state.status !== 'waiting',
      };
      return answerWhenDone(deps, waitOf(candidateId, { waitSeconds, signal }), reading);
    },
    askProfile: async (id) => {
      const candidateId = parsedId(id);
      return existingProfile(candidateId, await kiln.askProfile(candidateId));
    },
    source: async (id) => kiln.source(parsedId(id)),
    cancel: async (id) => kiln.cancel(parsedId(id)),
    why: async (id) => kiln.why(parsedId(id)),
    plan: async (id) => kiln.views.plan(parsedId(id)),
    origin: async (id) => kiln.views.origin(parsedId(id)),
    progress: (problem) => kiln.views.progress(problem),
    createSweep: async (sweep) => {
      const request = parsed(CreateSweep, sweep);
      checkSourceSize(request.candidate, 'source', limits.sourceBytes);
      return sweeps.create(request);
    },
    sweep: async (id) => sweeps.view(parsed(SweepId, id, 'id')),
    sweepResults: async (id, query, signal) =>
      sweeps.results(parsed(SweepId, id, 'id'), parsed(SweepResultsQuery, query), AbortSignal.any([signal, closing])),
    cancelSweep: async (id) => sweeps.cancel(parsed(SweepId, id, 'id')),
    queue: () => kiln.queue(),
    fleet: () => kiln.fleet(),
    problems: async () => kiln.problems(),
    problem: async (name) => kiln.problem(name),
    library: async (name) => kiln.library(name),
    ranking: async (problem, query) => kiln.ranking(problem, parsed(RankingQuery, query ?? {})),
    contract: async (language) => contractFor(contract, [language]),
  };
};

const parsedBody = (candidates: readonly SubmitCandidate[]) => parsed(SubmitBody, { candidates });

const parsedId = (id: string): CandidateId => parsed(CandidateId, id, 'id');

/** `name`: of the value itself, where it is no object. */
const parsed = <Schema extends z.ZodType>(schema: Schema, value: unknown, name = ''): z.output<Schema> => {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new KilnError(
    'INVALID_REQUEST',
    `${pathText(issue?.path ?? []) || name}: ${issue === undefined ? 'invalid' : issueText(issue)}`,
  );
};
