/**
 * Looks for a batch whose id was never heard. The service's list names neither what is in a batch nor who sent it: it is recognised by its number of
 * requests, and by the names of its questions once it has ended.
 */
import type { MessageBatch } from '@anthropic-ai/sdk/resources/messages/batches';
import { sleep } from '../../platform/clock.ts';
import type { Batches, BatchFound, Following } from '../generator.ts';
import { retryUntilDone, waitMs } from './batch-calls.ts';
import { readResults } from './batch-results.ts';
import { type BatchServing, GRACE_MS, LIFE_MS, SKEW_MS } from './batch-serving.ts';

/** Looks at a list without the batch, before it counts as never made. */
const LOOKS_MIN = 3;
/** Batches of the list that one look reads: the newest come first. */
const LISTED_MAX = 2000;
const PAGE = 100;

type Wanted = Parameters<Batches['find']>[0];

export const findBatch = async (
  serving: BatchServing,
  wanted: Wanted,
  { leave, onState }: Pick<Following, 'leave' | 'onState'>,
): Promise<BatchFound> => {
  const { calls, others } = serving;
  const calling = { leave, onTrouble: onState };
  for (let looks = 0; ; looks += 1) {
    // Also before the first look: what was just sent may not be listed yet.
    await sleep(waitMs(looks + 1, calls), { clock: calls.clock, signal: leave });
    const listed = await retryUntilDone(async (signal) => list(serving, wanted, signal), calls, calling);
    if (listed.kind === 'left') return listed;
    if (listed.kind === 'lost') return { kind: 'lost', message: `batches cannot be listed: ${listed.message}` };
    const { found, isWhole } = listed.value;
    for (const { id } of found.filter(({ processing_status: status }) => status === 'ended')) {
      const ours = await holdsAny(serving, id, wanted.keys, leave);
      if (leave.aborted) return { kind: 'left' };
      if (ours) return { kind: 'found', id };
      others.set(id, true);
    }
    const open = found.filter(({ processing_status: status }) => status !== 'ended').length;
    if (open === 0 && looks + 1 >= LOOKS_MIN)
      return isWhole ? { kind: 'none' } : { kind: 'lost', message: `it is not among the newest ${LISTED_MAX} batches` };
    if (calls.now() > wanted.sinceMs + LIFE_MS + 2 * GRACE_MS)
      return { kind: 'lost', message: 'none of the batches that may hold it has ended in more than 24 h' };
    onState(
      open === 0 ? 'looked for among the batches of the service' : `one of ${open} batches may hold it: that shows when they end`,
    );
  }
};

/** Those that may be it. `isWhole`: all since then were seen. */
const list = async (
  { client, others }: BatchServing,
  { sinceMs, requests }: Wanted,
  signal: AbortSignal,
): Promise<{ readonly found: readonly MessageBatch[]; readonly isWhole: boolean }> => {
  const found: MessageBatch[] = [];
  let seen = 0;
  for await (const batch of client.messages.batches.list({ limit: PAGE }, { signal })) {
    seen += 1;
    if (seen > LISTED_MAX) return { found, isWhole: false };
    if (Date.parse(batch.created_at) < sinceMs - SKEW_MS) break;
    if (requestsOf(batch) === requests && others.get(batch.id) === undefined) found.push(batch);
  }
  return { found, isWhole: true };
};

const requestsOf = ({ request_counts: counts }: MessageBatch): number =>
  counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired;

const holdsAny = async (serving: BatchServing, id: string, keys: readonly string[], leave: AbortSignal): Promise<boolean> => {
  let holds = false;
  const onEntry = (): void => {
    holds = true;
  };
  await readResults(serving, id, { keys: new Set(keys), leave, onEntry, reads: 1 });
  return holds;
};
