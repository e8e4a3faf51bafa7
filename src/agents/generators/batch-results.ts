/** The lines of a batch's results, each once, in whatever order the service has them. */
import type { MessageBatchIndividualResponse } from '@anthropic-ai/sdk/resources/messages/batches';
import type { BatchEnd } from '../generator.ts';
import { retryUntilDone, SenselessError } from './batch-calls.ts';
import type { BatchServing } from './batch-serving.ts';

/** A whole file of results without what was asked for is read again so often. */
const READS_MAX = 3;

interface Reading {
  readonly keys: ReadonlySet<string>;
  readonly leave: AbortSignal;
  readonly onEntry: (entry: MessageBatchIndividualResponse) => void;
  readonly reads?: number;
}

/** What broke off is read again, from its beginning. */
export const readResults = async (
  serving: BatchServing,
  id: string,
  { keys, leave, onEntry, reads = READS_MAX }: Reading,
): Promise<BatchEnd> => {
  const { client, calls } = serving;
  const left = new Set(keys);
  const read = async (signal: AbortSignal): Promise<void> => {
    for await (const entry of await client.messages.batches.results(id, {}, { signal })) {
      if (!isEntry(entry)) throw new SenselessError('a line of the results names no question');
      if (left.delete(entry.custom_id)) onEntry(entry);
    }
  };
  for (let tries = 0; tries < reads && left.size > 0; tries += 1) {
    const called = await retryUntilDone(read, calls, { leave, onTrouble: () => undefined });
    if (called.kind !== 'done') return called;
  }
  return left.size === 0 ? { kind: 'ended' } : { kind: 'lost', message: `the results of ${id} do not name it` };
};

const KINDS: ReadonlySet<unknown> = new Set(['succeeded', 'errored', 'canceled', 'expired']);
/** The lines of a file are only called entries by the SDK. */
const isEntry = (entry: Partial<MessageBatchIndividualResponse> | null): entry is MessageBatchIndividualResponse =>
  typeof entry?.custom_id === 'string' && KINDS.has(entry.result?.type);
