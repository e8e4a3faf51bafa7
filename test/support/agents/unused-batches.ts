/** Batches of a generator that none is sent to: what decides who is asked need only see that it has some. */
import type { Batches } from '../../../src/agents/generator.ts';

export const unusedBatches = (): Batches => ({
  limits: { requestsMax: 1, bytesMax: 1, collectMs: 1 },
  reserveMicros: () => 0,
  requestBytes: () => 0,
  send: async () => Promise.resolve({ kind: 'sent', id: 'msgbatch_1' }),
  find: async () => Promise.resolve({ kind: 'none' }),
  follow: async () => Promise.resolve({ kind: 'ended' }),
  results: async () => Promise.resolve({ kind: 'ended' }),
});
