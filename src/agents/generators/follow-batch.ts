/** Looks at a batch, more and more seldom, until it has ended. */
import type Anthropic from '@anthropic-ai/sdk';
import { sleep } from '../../platform/clock.ts';
import type { BatchEnd, Following } from '../generator.ts';
import { retryUntilDone, waitMs } from './batch-calls.ts';
import { type BatchServing, GRACE_MS } from './batch-serving.ts';
import { isApiError } from './claude-client.ts';
import { isPassing } from './retry.ts';

export const followBatch = async (serving: BatchServing, id: string, following: Following): Promise<BatchEnd> => {
  const { client, calls, others } = serving;
  const { cancel, leave, onState } = following;
  others.set(id, true);
  const calling = { leave, onTrouble: onState };
  const either = AbortSignal.any([leave, cancel]);
  let isCancelled = false;
  for (let looks = 1; ; looks += 1) {
    const looked = await retryUntilDone(async (signal) => client.messages.batches.retrieve(id, {}, { signal }), calls, calling);
    if (looked.kind !== 'done') return looked;
    const { processing_status: status, expires_at: expires } = looked.value;
    if (status === 'ended') return { kind: 'ended' };
    onState(status === 'canceling' ? 'being cancelled' : 'being answered');
    const overMs = calls.now() - Date.parse(expires);
    if (overMs > 2 * GRACE_MS) return { kind: 'lost', message: 'it has not ended long after the 24 h that a batch has' };
    if (!isCancelled && status !== 'canceling' && (cancel.aborted || overMs > GRACE_MS)) {
      isCancelled = true;
      // Idempotent. What it says comes with the next look, also where it is refused because the batch ended meanwhile.
      const asked = await retryUntilDone(async (signal) => cancelOnce(client, id, signal), calls, calling);
      if (asked.kind === 'left') return asked;
      looks = 0;
      continue;
    }
    await sleep(waitMs(looks, calls), { clock: calls.clock, signal: cancel.aborted ? leave : either });
  }
};

const cancelOnce = async (client: Anthropic, id: string, signal: AbortSignal): Promise<void> => {
  try {
    await client.messages.batches.cancel(id, {}, { signal });
  } catch (error) {
    // It has ended, or is being cancelled already: the next look says so.
    if (!isApiError(error) || error.status === undefined || isPassing(error.status)) throw error;
  }
};
