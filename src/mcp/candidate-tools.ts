/** Tools that submit candidates and say what became of them. */
import type { CallToolResult, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { SubmitCandidate } from '../domain/api/candidates.ts';
import { CandidateId } from '../domain/ids.ts';
import { Language } from '../domain/plan/plan.ts';
import type { Candidate } from '../domain/candidate.ts';
import { CandidateSummary, explanation, summaryOf } from './candidate-summary.ts';
import { lenient } from './lenient-input.ts';
import type { McpDeps } from './mcp-kiln.ts';
import { answer, answered } from './tool-answer.ts';
import { WaitSeconds } from './wait-seconds.ts';

const { problem, source, device, params, effort, submitter } = SubmitCandidate.shape;
const Id = CandidateId.describe('of a candidate, as submit_candidate gave it');

export const addCandidateTools = (server: McpServer, deps: McpDeps): void => {
  addSubmit(server, deps);
  addWait(server, deps);
  addExplain(server, deps);
};

const addSubmit = (server: McpServer, deps: McpDeps): void => {
  server.registerTool(
    'submit_candidate',
    {
      title: 'Submit a candidate',
      description:
        'Judge one kernel: device code with its launch plan in the leading comment (get_problem brings the contract). Waits for the verdict; where it takes longer, says how to go on. The same content again gives the verdict that is known.',
      inputSchema: lenient(
        z.strictObject({
          problem: problem.describe('as list_problems tells it'),
          source: source.describe('the whole file, beginning with the plan'),
          language: Language.describe('"cuda" and "triton" are for GPUs, "c" is for the development device "cpu"'),
          device: device.unwrap().optional().describe('class, as list_devices tells it; default: "cpu" for c, otherwise "H100"'),
          params: params.describe("values that override the plan's params"),
          effort: effort.describe(
            'full: time it to the end; left out, one that cannot come near the front of the ranking is stopped early, and its numbers are rough',
          ),
          submitter: submitter.unwrap().default('mcp').describe('who asks: queues are shared fairly between submitters'),
          waitSeconds: WaitSeconds,
        }),
      ),
      outputSchema: CandidateSummary,
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    },
    ({ waitSeconds, device: asked, ...candidate }, { mcpReq: { signal } }) =>
      answered(deps, async () => {
        const on = asked ?? (candidate.language === 'c' ? 'cpu' : undefined);
        const { candidates } = await deps.kiln.submit([{ ...candidate, ...(on === undefined ? {} : { device: on }) }]);
        const [submitted] = candidates;
        if (submitted === undefined) throw new Error('an answer without the candidate that was sent');
        return answerAbout(deps, await deps.kiln.candidate(submitted.id, { waitSeconds, signal }));
      }),
  );
};

const addWait = (server: McpServer, deps: McpDeps): void => {
  server.registerTool(
    'wait_for_verdict',
    {
      title: 'Wait for a verdict',
      description: 'Waits until a candidate is judged, or says where it is by then and why it waits.',
      inputSchema: lenient(z.strictObject({ id: Id, waitSeconds: WaitSeconds })),
      outputSchema: CandidateSummary,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ id, waitSeconds }, { mcpReq: { signal } }) =>
      answered(deps, async () => answerAbout(deps, await deps.kiln.candidate(id, { waitSeconds, signal }))),
  );
};

const addExplain = (server: McpServer, deps: McpDeps): void => {
  server.registerTool(
    'explain_candidate',
    {
      title: 'Explain a candidate',
      description:
        'All that is known of a candidate: verdict, times per case, first mismatch, compiler messages, where it was judged; with `source` also its source.',
      inputSchema: lenient(
        z.strictObject({
          id: Id,
          source: z.boolean().default(false).describe('show its source too, such as that of the record holder'),
        }),
      ),
      outputSchema: CandidateSummary,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ id, source: withSource }) =>
      answered(deps, async () => {
        const candidate = await deps.kiln.candidate(id);
        return answerAbout(deps, candidate, withSource ? (await deps.kiln.source(id)).source : null);
      }),
  );
};

const answerAbout = async (deps: McpDeps, candidate: Candidate, shown: string | null = null): Promise<CallToolResult> => {
  const beside = { blocked: await blockedReason(deps, candidate), source: shown };
  return answer(explanation(candidate, beside), summaryOf(candidate, beside));
};

/** Why nothing of its device class moves, while it waits. */
const blockedReason = async ({ kiln }: McpDeps, { state, submission }: Candidate): Promise<string | null> => {
  if (state.status !== 'queued') return null;
  const { byDevice } = await kiln.queue();
  return byDevice.find((row) => row.device === submission.device)?.blocked ?? null;
};
