import { pino } from 'pino';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { CreateSweep } from '../../../src/domain/api/sweeps.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import type { SweepChange, SweepStore } from '../../../src/domain/ports/sweeps.ts';
import { createSweeps, type RunningSweeps } from '../../../src/sweeps/sweeps.ts';
import { createFakeKiln, type FakeKiln } from '../../support/server/fake-kiln.ts';
import { passed, score } from '../../support/server/fake-outcomes.ts';
import { createMemorySweepStore } from '../../support/server/memory-sweep-store.ts';
import { until } from '../../support/server/serve-fake.ts';

const SOURCE = `/* kiln
params: {BLOCK: 64}
launch: [{kernel: f, args: []}]
space: {BLOCK: 1..40}
*/`;
const POINTS = 40;
const request = (more: Partial<CreateSweep> = {}) =>
  CreateSweep.parse({ candidate: { problem: 'vector_add', source: SOURCE, submitter: 'ada' }, ...more });
const outage = (): KilnError => new KilnError('STORE_UNAVAILABLE', 'the database does not answer');
const SAVE_MS = 10_000;
const RECHECK_MS = 30_000;

afterEach(() => void vi.useRealTimers());

interface Scenario {
  readonly kiln: FakeKiln;
  readonly sweeps: RunningSweeps;
  readonly store: SweepStore;
  /** A daemon that follows. */
  readonly restarted: () => Promise<RunningSweeps>;
  /** The next call of it fails, for `when` alone. */
  readonly failNext: <M extends keyof SweepStore>(method: M, when?: (...asked: Parameters<SweepStore[M]>) => boolean) => void;
  readonly failures: () => number;
  /** Its calls wait from now on until they are released. */
  readonly hold: (method: keyof SweepStore) => Held;
}

interface Held {
  readonly begun: Promise<void>;
  readonly release: () => void;
  readonly calls: () => number;
}

const scenario = async ({ judges = true, monotonicMs = () => performance.now() } = {}): Promise<Scenario> => {
  const kiln = createFakeKiln();
  const memory = createMemorySweepStore(kiln);
  const failing = new Map<string, (...asked: never[]) => boolean>();
  const held = new Map<string, () => Promise<void>>();
  let failures = 0;
  const store = new Proxy(memory, {
    get:
      (target, name: string) =>
      async (...asked: never[]) => {
        if (failing.get(name)?.(...asked) === true) {
          failing.delete(name);
          failures += 1;
          throw outage();
        }
        await held.get(name)?.();
        const method = target[name as keyof SweepStore] as (...given: never[]) => unknown;
        return method(...asked);
      },
  });
  const started = async (): Promise<RunningSweeps> => {
    const sweeps = createSweeps({ store, judging: kiln, log: pino({ level: 'silent' }), monotonicMs });
    await sweeps.start();
    onTestFinished(async () => sweeps.close());
    return sweeps;
  };
  const sweeps = await started();
  if (judges) kiln.onSubmit((id) => setImmediate(() => kiln.finish(id, passed(1.5), score(1.5))));
  return {
    kiln,
    sweeps,
    store: memory,
    restarted: started,
    failNext: (method, when = () => true) => void failing.set(method, when as (...asked: never[]) => boolean),
    failures: () => failures,
    hold: (method) => {
      const [begun, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let calls = 0;
      held.set(method, async () => {
        calls += 1;
        begun.resolve();
        await released.promise;
      });
      return { begun: begun.promise, release: () => released.resolve(), calls: () => calls };
    },
  };
};

const statusOf = async (sweeps: RunningSweeps): Promise<string | undefined> => (await sweeps.list()).sweeps[0]?.status;
const isFinish = (_id: unknown, { status }: SweepChange): boolean => status === 'finished';

describe('while the store does not answer', () => {
  test('points that could not be written are tried all the same: none of the space is passed over', async () => {
    const { sweeps, failNext, failures } = await scenario();
    failNext('askSweepPoints');
    const { id } = await sweeps.create(request());
    await until(() => failures() === 1, 'the points could not be written');
    await expect.poll(async () => statusOf(sweeps)).toBe('finished');
    expect(await sweeps.view(id)).toMatchObject({ asked: POINTS, reason: 'every point of the space was tried' });
  });

  test('an end that could not be written is written later: a sweep never stays "running" with nobody at it', async () => {
    const { sweeps, failNext, failures } = await scenario();
    failNext('updateSweep', isFinish);
    await sweeps.create(request());
    await until(() => failures() === 1, 'the end could not be written');
    await expect.poll(async () => statusOf(sweeps)).toBe('finished');
  });

  test('a sweep that was kept and could not be begun goes on when the same request comes again', async () => {
    const { sweeps, failNext } = await scenario();
    failNext('sweepCandidate');
    await expect(sweeps.create(request())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await sweeps.create(request());
    await expect.poll(async () => statusOf(sweeps)).toBe('finished');
  });

  test('a sweep that was kept and could not be begun goes on by itself', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { sweeps, failNext } = await scenario();
    failNext('sweepCandidate');
    await expect(sweeps.create(request())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const [kept] = (await sweeps.list()).sweeps;
    expect(kept?.status).toBe('running');
    vi.advanceTimersByTime(RECHECK_MS);
    await expect.poll(async () => statusOf(sweeps)).toBe('finished');
  });

  test('a sweep whose points could not be cancelled has them cancelled when it is cancelled again', async () => {
    const { kiln, sweeps, failNext } = await scenario({ judges: false });
    const { id } = await sweeps.create(request({ maxRunning: 2 }));
    await until(() => kiln.journal.filter(({ type }) => type === 'candidate.queued').length === 2, 'two are submitted');
    failNext('unfinishedOfSweep');
    await expect(sweeps.cancel(id)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await sweeps.cancel(id)).toMatchObject({ status: 'cancelled', byVerdict: { cancelled: 2 } });
  });
});

describe('a sweep whose cancelling a kill cut short', () => {
  test('has the points cancelled that it still waits for, at the next start', async () => {
    const { sweeps, store, kiln, restarted } = await scenario({ judges: false });
    const { id } = await sweeps.create(request({ maxRunning: 3 }));
    await until(() => kiln.journal.filter(({ type }) => type === 'candidate.queued').length === 3, 'three are submitted');
    await sweeps.close();
    await store.updateSweep(id, { status: 'cancelled', reason: 'cancelled by a person' });
    const next = await restarted();
    expect(await next.view(id)).toMatchObject({ status: 'cancelled', byVerdict: { cancelled: 3 } });
  });
});

describe('the time that a sweep ran', () => {
  test('is never less than nothing, also where it began while the time of another was being saved', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let nowMs = 0;
    const { sweeps, store, hold } = await scenario({ judges: false, monotonicMs: () => nowMs });
    await sweeps.create(request());
    const held = hold('updateSweep');
    vi.advanceTimersByTime(SAVE_MS);
    await held.begun;
    nowMs = 50;
    const { id } = await sweeps.create(request({ seed: 2 }));
    held.release();
    await until(() => held.calls() === 2, 'the time of both was saved');
    expect((await store.sweepRow(id))?.ranMs).toBe(0);
  });

  test('is never less than nothing for who looks, also where it goes on while its points are counted', async () => {
    let nowMs = 0;
    const { sweeps, hold } = await scenario({ judges: false, monotonicMs: () => nowMs });
    const { id } = await sweeps.create(request());
    await sweeps.pause(id);
    const held = hold('sweepCounts');
    const looking = sweeps.view(id);
    await held.begun;
    nowMs = 50;
    const resumed = sweeps.resume(id);
    await until(() => held.calls() === 2, 'it goes on, and is looked at again');
    held.release();
    expect((await looking).spent.minutes).toBe(0);
    await resumed;
  });
});

describe('a sweep that is extended', () => {
  test.each([
    [{ candidates: 5 }, { candidates: 1_000_000 }, /candidates: with what it has, 1,000,005: at most 1,000,000/],
    [{ gpuSeconds: 5 }, { gpuSeconds: 1e9 }, /gpuSeconds: with what it has, 1,000,000,005: at most 1,000,000,000/],
    [{ minutes: 1e9 }, { minutes: 1 }, /minutes: with what it has, 1,000,000,001: at most 1,000,000,000/],
  ])('by more than a budget may be is refused, and stays as it is: %j and %j', async (budget, more, message) => {
    const { sweeps } = await scenario({ judges: false });
    const { id } = await sweeps.create(request({ budget }));
    await expect(sweeps.extend(id, more)).rejects.toThrow(message);
    await expect(sweeps.extend(id, more)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    expect((await sweeps.view(id)).spec?.budget).toEqual(budget);
  });
});
