import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KilnError } from '../../../../src/domain/errors.ts';
import type { Store } from '../../../../src/domain/ports/store.ts';
import { loadProblems } from '../../../../src/problems/load-problems.ts';
import { score } from '../../../support/server/fake-outcomes.ts';
import { hostlessEngine } from '../../../support/hostless-engine.ts';

const problems = loadProblems(join(import.meta.dirname, '../../../../kernels'));
const MODEL = 'NVIDIA H100 80GB HBM3';
const asked: (string | null)[] = [];
const store: Partial<Store> = {
  ranking: async () =>
    Promise.resolve([
      {
        place: 1,
        candidateId: `c-${'1'.repeat(32)}` as never,
        device: 'H100',
        language: 'cuda' as const,
        params: {},
        submitter: 'ann',
        score: { ...score(1.5), deviceModel: MODEL },
        record: true,
        finishedAt: '2026-01-02T03:04:05.000Z',
      },
    ]),
  failures: async (_problem, _versions, device) => {
    asked.push(device);
    const all: Record<string, Record<string, number>> = { H100: { crashed: 2 }, A100: { compile_error: 1 } };
    return Promise.resolve(device === null ? { crashed: 2, compile_error: 1 } : (all[device] ?? {}));
  },
};
const { kiln } = hostlessEngine({ store, queue: {}, problems });
const rank = async (device?: string) => kiln.ranking('vector_add', { device, limit: 50 });

test('a class that nobody has is refused, with those that there are', async () => {
  const refused = await rank('nope').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(KilnError);
  expect(refused).toMatchObject({
    code: 'UNKNOWN_DEVICE',
    message: 'query.device: no device class or model "nope" is known here; there are H100',
    details: { classes: ['H100'] },
  });
});

test('what did not pass is counted for the class that is asked for, also by the name of a model', async () => {
  expect((await rank('h100')).failed).toEqual({ crashed: 2 });
  expect((await rank(MODEL)).failed).toEqual({ crashed: 2 });
  expect((await rank()).failed).toEqual({ crashed: 2, compile_error: 1 });
});

test('a class whose candidates all failed, and whose hosts are gone, is known', async () => {
  expect(await rank('A100')).toMatchObject({ models: [], failed: { compile_error: 1 } });
});
