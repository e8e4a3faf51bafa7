/** The journal of a daemon as short lines, "type id verdict": what tests wait for. */
import type { KilnClient } from '../../src/client/create-client.ts';
import { HANG_MS } from './limits.ts';

/** Of what was heard, told where what was waited for did not come. */
const TOLD_MAX = 60;

/** Follows the journal from its beginning until `isEnough` of what it has told. */
export const follow = async (
  client: KilnClient,
  what: string,
  isEnough: (lines: readonly string[]) => boolean,
): Promise<void> => {
  const seen: string[] = [];
  const abort = new AbortController();
  const deadline = setTimeout(() => abort.abort(), HANG_MS);
  try {
    for await (const event of client.events({ after: 0, signal: abort.signal })) {
      seen.push([event.type, event.candidateId ?? event.hostId, event.data['verdict']].filter(Boolean).join(' '));
      if (isEnough(seen)) return;
    }
  } finally {
    clearTimeout(deadline);
  }
  throw new Error([`${what} did not come within ${HANG_MS} ms; the last that was heard:`, ...seen.slice(-TOLD_MAX)].join('\n'));
};

/** The last that was heard of each is that it passed. */
export const havePassed =
  (ids: readonly string[]) =>
  (lines: readonly string[]): boolean => {
    const last = new Map<string, boolean>();
    for (const line of lines) {
      const [type, id = '', verdict] = line.split(' ');
      if (type === 'candidate.done') last.set(id, verdict === 'passed');
      if (type === 'candidate.reopened') last.set(id, false);
    }
    return ids.every((id) => last.get(id) === true);
  };
