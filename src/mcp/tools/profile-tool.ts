/** The tool that says what limits a candidate. */
import { foundOrNull } from '../../domain/errors.ts';
import { Profile } from '../../domain/profile.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { untrusted } from '../../domain/text/untrusted.ts';
import { z } from 'zod';
import type { McpKiln } from '../mcp-kiln.ts';
import { tool } from '../tool.ts';
import { WaitSeconds } from '../wait-seconds.ts';
import { Id } from './candidate-tools.ts';

const REASON_CHARS_MAX = 600;

export const profileCandidate = tool({
  name: 'profile_candidate',
  description:
    'What limits the kernels of a candidate that passed: share of peaks, occupancy, stalls, bank conflicts, cache hits, registers, spills.',
  input: z.strictObject({ id: Id, waitSeconds: WaitSeconds }),
  data: Profile,
  reads: false,
  run: async ({ kiln }, { id, waitSeconds }, signal) => {
    await askOnce(kiln, id);
    return kiln.profile(id, { waitSeconds, signal });
  },
  text: (profile) => profileText(profile),
});

/** Asked for where there is none; one that failed is tried again. */
const askOnce = async (kiln: McpKiln, id: string): Promise<void> => {
  const known = await foundOrNull(async () => kiln.profile(id));
  if (known === null || known.state.status === 'failed') await kiln.askProfile(id);
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
