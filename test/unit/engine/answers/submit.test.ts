import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SubmitCandidate } from '../../../../src/domain/api/candidates.ts';
import type { Outcome } from '../../../../src/domain/outcome.ts';
import type { Queue } from '../../../../src/domain/ports/queue.ts';
import { Program } from '../../../../src/domain/program.ts';
import type { Store } from '../../../../src/domain/ports/store.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';
import { hostlessEngine } from '../../../support/hostless-engine.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../../kernels'));
const input = SubmitCandidate.parse({
  problem: 'vector_add',
  device: 'cpu',
  language: 'c',
  source: problems.get('vector_add')?.files['baseline.c'] ?? '',
});
const queue: Partial<Queue> = {
  add: async () => Promise.resolve(),
  adopt: async () => Promise.resolve([]),
  lease: async () => Promise.resolve([]),
  onWork: () => undefined,
  onLoss: () => undefined,
};

/** What somebody is told who submits what ended with `outcome` before. */
const answerAfter = async (outcome: Outcome, { isReopened }: { readonly isReopened: boolean }) => {
  const store: Partial<Store> = {
    insertCandidates: async (batch) =>
      Promise.resolve(
        batch.map(() => ({ known: true, state: { status: 'done' as const, outcome, finishedAt: '2026-01-02T03:04:05.000Z' } })),
      ),
    reopen: async (ids) => Promise.resolve(isReopened ? ids : []),
    unfinished: async () => Promise.resolve([]),
    pending: async () => Promise.resolve([]),
    backlog: async () => Promise.resolve({ rows: [], oldestSubmittedAtMs: null }),
    together: async () => Promise.resolve(),
  };
  const engine = hostlessEngine({ store, queue, problems });
  await engine.start();
  const { candidates } = await engine.kiln.submit([input]);
  await engine.stop();
  return candidates[0];
};

test('what was cancelled before is not known: it is queued again, and says so', async () => {
  expect(await answerAfter({ verdict: 'cancelled' }, { isReopened: true })).toMatchObject({
    known: false,
    status: 'queued',
    verdict: null,
    message: 'judged again: it was cancelled before',
  });
});

test('what the hosts failed before is queued again too', async () => {
  const outcome: Outcome = { verdict: 'infra_failed', message: 'the host went away' };
  expect(await answerAfter(outcome, { isReopened: true })).toMatchObject({
    known: false,
    message: 'judged again: it failed for the hosts before',
  });
});

test('what is cancelled meanwhile says how it is judged', async () => {
  expect(await answerAfter({ verdict: 'cancelled' }, { isReopened: false })).toMatchObject({
    status: 'done',
    verdict: 'cancelled',
    message: 'it was cancelled just now: submit it again to have it judged',
  });
});

test('what has a verdict of its content is known', async () => {
  expect(await answerAfter({ verdict: 'compile_error', log: 'x' }, { isReopened: false })).toMatchObject({
    known: true,
    status: 'done',
    verdict: 'compile_error',
    message: null,
  });
});

test.each([
  ['the cpu device', {}, 'profiles need a GPU: there is no profiler for the cpu device. Submit without a profile, or for a GPU'],
  [
    'a program',
    {
      language: 'python' as const,
      device: 'H100',
      source: 'def run(a, b):\n    return a + b\n',
      program: Program.parse({ entry: { file: 'main.py', symbol: 'run', style: 'function' } }),
    },
    'a program has no launch plan to profile: what it launches is recorded. Submit without a profile, or device code',
  ],
])(
  'a profile that can never be made, of %s, is refused with its candidate, before anything is stored',
  async (...[, change, words]) => {
    const inserted: unknown[] = [];
    const store: Partial<Store> = {
      insertCandidates: async (batch) => {
        inserted.push(...batch);
        return Promise.resolve(batch.map(() => ({ known: false, state: { status: 'queued' as const } })));
      },
      unfinished: async () => Promise.resolve([]),
      pending: async () => Promise.resolve([]),
      backlog: async () => Promise.resolve({ rows: [], oldestSubmittedAtMs: null }),
      together: async () => Promise.resolve(),
      askProfiles: async () => Promise.resolve([]),
    };
    const engine = hostlessEngine({ store, queue, problems });
    await engine.start();
    const wish = { ...input, ...change, profile: true };
    const complaint = (field: string) => ({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining(`${field}: ${words}`) as string,
      details: expect.objectContaining({ field: 'profile' }) as object,
    });
    await expect(engine.kiln.submit([wish])).rejects.toMatchObject(complaint('profile'));
    await expect(engine.kiln.submit([input, wish])).rejects.toMatchObject(complaint('candidates[1].profile'));
    await engine.stop();
    expect(inserted).toEqual([]);
  },
);
