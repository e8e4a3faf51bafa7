/** The tool that says what limits a candidate. */
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { KilnError } from '../domain/errors.ts';
import { CandidateId } from '../domain/ids.ts';
import { Profile } from '../domain/profile.ts';
import { plainLine } from '../platform/printable-text.ts';
import { untrusted } from '../domain/text/untrusted.ts';
import { lenient } from './lenient-input.ts';
import type { McpDeps, McpKiln } from './mcp-kiln.ts';
import { answer, answered } from './tool-answer.ts';
import { WaitSeconds } from './wait-seconds.ts';

const REASON_CHARS_MAX = 600;

export const addProfileTool = (server: McpServer, deps: McpDeps): void => {
  server.registerTool(
    'profile_candidate',
    {
      title: 'Profile a candidate',
      description:
        'What limits the kernels of a candidate that passed: share of the peaks of memory and compute, occupancy and its limiter, stalls, bank conflicts, cache hits, registers, spills. Profiled now, unless it has been.',
      inputSchema: lenient(z.strictObject({ id: CandidateId.describe('of a candidate that passed'), waitSeconds: WaitSeconds })),
      outputSchema: Profile,
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    },
    ({ id, waitSeconds }, { mcpReq: { signal } }) =>
      answered(deps, async () => {
        await known(deps.kiln, id);
        const profile = await deps.kiln.profile(id, { waitSeconds, signal });
        return answer(profileText(profile), profile);
      }),
  );
};

/** Asked for where there is none; one that failed is tried again. */
const known = async (kiln: McpKiln, id: CandidateId): Promise<void> => {
  try {
    if ((await kiln.profile(id)).state.status === 'failed') await kiln.askProfile(id);
  } catch (error) {
    if (!(error instanceof KilnError && error.code === 'NOT_FOUND')) throw error;
    await kiln.askProfile(id);
  }
};

const profileText = ({ candidateId, state }: Profile): string => {
  switch (state.status) {
    case 'waiting':
      return `${candidateId}: no profile yet: ${plainLine(state.reason, REASON_CHARS_MAX)}. Call profile_candidate again.`;
    case 'failed':
      return untrusted(`${candidateId}: it could not be profiled. The reason`, state.message);
    case 'done':
      // Kernels are named by whoever wrote them.
      return untrusted(
        `${candidateId}, shares from 0 to 1, null where it was not measured`,
        JSON.stringify(state.summary, null, 1),
      );
  }
};
