/** The engine as the MCP tools need it: with the same checks and waits as the routes. */
import { type SubmitCandidate, SubmitBody } from '../domain/api/candidates.ts';
import { KilnError } from '../domain/errors.ts';
import { CandidateId } from '../domain/ids.ts';
import { issueText, pathText } from '../platform/issue-text.ts';
import type { Profile } from '../domain/profile.ts';
import type { Candidate } from '../domain/candidate.ts';
import type { McpKiln } from '../mcp/mcp-kiln.ts';
import { checkedBatch } from './checked-batch.ts';
import { answerWhenDone } from './answer-when-done.ts';
import type { RouteDeps } from './route-deps.ts';
import { existingProfile } from './routes/profiles.ts';

const RANKING_ENTRIES_DEFAULT = 50;

export const mcpKilnOf = (deps: Pick<RouteDeps, 'kiln' | 'feed' | 'limits' | 'contract' | 'closing'>): McpKiln => {
  const { kiln, limits, contract, closing } = deps;
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
    queue: () => kiln.queue(),
    fleet: () => kiln.fleet(),
    problems: async () => kiln.problems(),
    problem: async (name) => kiln.problem(name),
    ranking: (problem, { device, limit = RANKING_ENTRIES_DEFAULT } = {}) => kiln.ranking(problem, { device, limit }),
    contract: async () => contract,
  };
};

const parsedBody = (candidates: readonly SubmitCandidate[]) => {
  const parsed = SubmitBody.safeParse({ candidates });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new KilnError('INVALID_REQUEST', `${pathText(issue?.path ?? [])}: ${issue === undefined ? 'invalid' : issueText(issue)}`);
};

const parsedId = (id: string): CandidateId => {
  const parsed = CandidateId.safeParse(id);
  if (parsed.success) return parsed.data;
  throw new KilnError('INVALID_REQUEST', `id: ${parsed.error.issues[0]?.message ?? 'invalid'}`);
};
