import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Submission } from '../../../../src/domain/candidate.ts';
import { CandidateId } from '../../../../src/domain/ids.ts';
import type { Unfinished } from '../../../../src/domain/ports/store-rows.ts';
import { UNWRITTEN_MAX } from '../../../../src/engine/leasing/lease-window.ts';
import type { Queue } from '../../../../src/domain/ports/queue.ts';
import type { Store } from '../../../../src/domain/ports/store.ts';
import { unfinished } from '../../../support/builders.ts';
import { hostlessEngine } from '../../../support/hostless-engine.ts';
import { HANG_MS } from '../../../support/limits.ts';

const LEASES_AT_ONCE = 500;
const ENDLESS = 4 * UNWRITTEN_MAX;

/** Ends without a host: its problem is not there any more. */
const submission = Submission.parse({
  content: {
    problem: 'removed',
    problemVersion: 'a'.repeat(64),
    language: 'c',
    source: 'void f(void) {}',
    params: {},
    device: 'cpu',
    trial: 0,
  },
  priority: 100,
  submitter: 'somebody',
  labels: [],
  sweepId: null,
});

const pendingOf = (ids: readonly CandidateId[]): readonly Unfinished[] => ids.map((id) => unfinished({ id, submission }));

test('a store that falls behind stops the leasing, and its catching up starts it again', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const gate = Promise.withResolvers<void>();
  const store: Partial<Store> = {
    unfinished: async () => Promise.resolve([]),
    pending: async (ids: readonly CandidateId[]) => Promise.resolve(pendingOf(ids)),
    backlog: async () => Promise.resolve({ rows: [], oldestSubmittedAtMs: null }),
    together: async () => gate.promise,
  };
  let leased = 0;
  const queue: Partial<Queue> = {
    add: async () => Promise.resolve(),
    adopt: async () => Promise.resolve([]),
    complete: async () => Promise.resolve(),
    onWork: () => undefined,
    onLoss: () => undefined,
    missing: async (ids) => Promise.resolve(ids),
    count: async () => Promise.resolve(null),
    lease: async (count) => {
      const given = Math.min(count, ENDLESS - leased);
      const ids = Array.from({ length: given }, (_, index) => CandidateId.parse(`c-${String(leased + index).padStart(32, '0')}`));
      leased += given;
      return Promise.resolve(ids.map((candidateId) => ({ candidateId, priority: 100, queuedAtMs: 1 })));
    },
  };
  const engine = hostlessEngine({ store, queue });
  await engine.start();
  await vi.waitFor(() => expect(leased).toBeGreaterThanOrEqual(UNWRITTEN_MAX), { timeout: HANG_MS });
  // Polls of the window go by.
  for (let polls = 0; polls < 3; polls += 1) {
    vi.advanceTimersByTime(1000);
    await setImmediate();
  }
  expect(leased).toBeLessThanOrEqual(UNWRITTEN_MAX + LEASES_AT_ONCE);
  gate.resolve();
  await vi.waitFor(() => expect(leased).toBe(ENDLESS), { timeout: HANG_MS });
  await engine.stop();
});
