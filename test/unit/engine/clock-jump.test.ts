import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SubmitCandidate } from '../../../src/domain/api/candidates.ts';
import type { Progress, Unfinished } from '../../../src/domain/ports/store-rows.ts';
import { attemptIdOf, DeviceId, HostId } from '../../../src/domain/ids.ts';
import { prepareCandidate } from '../../../src/engine/answers/prepare-candidate.ts';
import type { Queue } from '../../../src/domain/ports/queue.ts';
import type { Store, Writes } from '../../../src/domain/ports/store.ts';
import { loadProblems } from '../../../src/problems/load-problems.ts';
import { hostlessEngine } from '../../support/hostless-engine.ts';

const HOUR_MS = 3_600_000;
/** Longer than a host that is gone is waited for. */
const GRACE_MS = 31_000;
const problems = loadProblems(join(import.meta.dirname, '../../../kernels'));

const { id, submission } = prepareCandidate(
  SubmitCandidate.parse({
    problem: 'vector_add',
    device: 'cpu',
    language: 'c',
    source: problems.get('vector_add')?.files['baseline.c'] ?? '',
  }),
  null,
  { problems, fleetClasses: [], sourceBytesMax: 1_000_000, hosts: [] },
);
/** A judgement that a host had when the daemon ended; the host does not come back. */
const judging: Unfinished = {
  id,
  submission,
  state: {
    status: 'judging',
    hostId: HostId.parse('gone'),
    deviceId: DeviceId.parse('GPU-0'),
    attemptId: attemptIdOf(id, 1),
  },
  attempts: 1,
  infraFailures: 0,
  submittedAtMs: 1,
  byAnswers: null,
};

test('a wall clock that jumps two hours ahead and back neither stretches nor shortens what is waited for', async () => {
  let [wallMs, passedMs] = [Date.parse('2026-01-01T00:00:00Z'), 1000];
  const moved: string[] = [];
  const requeued = Promise.withResolvers<void>();
  const writes: Partial<Writes> = {
    appendEvents: async () => Promise.resolve(),
    writeProgress: async ({ transitions }: Progress) => {
      moved.push(...transitions.map(({ event }) => event.type));
      if (moved.includes('candidate.requeued')) requeued.resolve();
      return Promise.resolve();
    },
  };
  const ticked = Promise.withResolvers<void>();
  const store: Partial<Store> = {
    pending: async () => Promise.resolve([judging]),
    unfinished: async () => Promise.resolve([]),
    waitingProfiles: async () => Promise.resolve([]),
    backlog: async () => {
      ticked.resolve();
      return Promise.resolve({ rows: [], oldestSubmittedAtMs: null });
    },
    together: async (work) => work(writes as Writes),
  };
  const queue: Partial<Queue> = {
    adopt: async () => Promise.resolve([{ candidateId: id, priority: 1, queuedAtMs: 1 }]),
    lease: async () => Promise.resolve([]),
    missing: async () => Promise.resolve([]),
    count: async () => Promise.resolve(null),
    onWork: () => undefined,
    onLoss: () => undefined,
  };
  wallMs += 2 * HOUR_MS;
  const clocks = { now: () => wallMs, monotonicMs: () => passedMs };
  const engine = hostlessEngine({ store, queue, problems, clocks });
  await engine.start();
  wallMs -= 2 * HOUR_MS;
  passedMs += GRACE_MS;
  wallMs += GRACE_MS;
  await requeued.promise;
  wallMs += 2 * HOUR_MS;
  const { throughputPerSecond } = await engine.kiln.queue();
  expect(throughputPerSecond).toBe(0);
  await ticked.promise;
  expect(moved).toEqual(['candidate.requeued']);
  await engine.stop();
});
