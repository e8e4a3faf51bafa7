import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SubmitCandidate } from '../../../../src/domain/api/candidates.ts';
import { KilnError } from '../../../../src/domain/errors.ts';
import type { NewCandidate, Unfinished } from '../../../../src/domain/ports/store-rows.ts';
import type { Queue } from '../../../../src/domain/ports/queue.ts';
import type { Store } from '../../../../src/domain/ports/store.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';
import { unfinished } from '../../../support/builders.ts';
import { hostlessEngine } from '../../../support/hostless-engine.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../../kernels'));
const input = SubmitCandidate.parse({
  problem: 'vector_add',
  device: 'cpu',
  language: 'c',
  source: problems.get('vector_add')?.files['baseline.c'] ?? '',
});

/** A store that keeps what is inserted, in memory; only what a submission and its recovery need. */
const createStore = () => {
  const kept: Unfinished[] = [];
  const store: Partial<Store> = {
    insertCandidates: async (batch: readonly NewCandidate[]) => {
      kept.push(...batch.map((candidate) => unfinished(candidate)));
      return Promise.resolve(batch.map(() => ({ known: false, state: { status: 'queued' as const } })));
    },
    unfinished: async (_page, after) =>
      Promise.resolve(after ? [] : kept.map(({ id: keptId, submission }) => ({ id: keptId, priority: submission.priority }))),
    pending: async () => Promise.resolve(kept),
    backlog: async () => Promise.resolve({ rows: [], oldestSubmittedAtMs: null }),
    together: async () => Promise.resolve(),
  };
  return store as Store;
};

describe('a queue that is away between the commit of a submission and its job', () => {
  test('refuses the submission, and takes what was stored when it is back', async () => {
    const added = Promise.withResolvers<readonly string[]>();
    let isAway = true;
    const queue: Partial<Queue> = {
      add: async (batch) => {
        if (isAway && batch.length > 0) throw new KilnError('QUEUE_UNAVAILABLE', 'away');
        if (batch.length > 0) added.resolve(batch.map(({ candidateId }) => candidateId));
        return Promise.resolve();
      },
      adopt: async () => Promise.resolve([]),
      lease: async () => Promise.resolve([]),
      onWork: () => undefined,
      onLoss: () => undefined,
      missing: async (ids) => Promise.resolve(ids),
      count: async () => Promise.resolve(null),
    };
    const engine = hostlessEngine({ store: createStore(), queue, problems });
    await engine.start();
    await expect(engine.kiln.submit([input])).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    isAway = false;
    expect(await added.promise).toHaveLength(1);
    await engine.stop();
  });
});
