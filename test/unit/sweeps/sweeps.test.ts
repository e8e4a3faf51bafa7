import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CreateSweep, type SweepView } from '../../../src/domain/api/sweeps.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import type { SweepId } from '../../../src/domain/ids.ts';
import type { SweepStore } from '../../../src/domain/ports/sweeps.ts';
import { createSweeps, type RunningSweeps } from '../../../src/sweeps/sweeps.ts';
import { createFakeKiln, type FakeKiln } from '../../support/server/fake-kiln.ts';
import { passed, score } from '../../support/server/fake-outcomes.ts';
import { createMemorySweepStore } from '../../support/server/memory-sweep-store.ts';
import { until } from '../../support/server/serve-fake.ts';

const SOURCE = `/* kiln
params: {BLOCK: 64, VEC: 1}
launch: [{kernel: f, args: []}]
space: {BLOCK: 32..512 powers, VEC: [1, 2, 4]}
where: ["BLOCK * VEC <= 1024"]
*/`;
/** Of the plan: 15 points, of which 14 are allowed. */
const VALID = 14;
const request = (more: Partial<CreateSweep> = {}) =>
  CreateSweep.parse({ candidate: { problem: 'vector_add', source: SOURCE, submitter: 'ada' }, ...more });
const never = new AbortController().signal;

interface Scenario {
  readonly store: SweepStore;
  readonly kiln: FakeKiln;
  readonly sweeps: RunningSweeps;
  /** The daemon is killed and starts again. */
  readonly restarted: () => Promise<RunningSweeps>;
  /** Questions for the row of one sweep. */
  readonly rowsRead: () => number;
}

const scenario = async ({ judges = true } = {}): Promise<Scenario> => {
  const kiln = createFakeKiln();
  let rowsRead = 0;
  const memory = createMemorySweepStore(kiln);
  const store: SweepStore = {
    ...memory,
    sweepRow: async (id) => {
      rowsRead += 1;
      return memory.sweepRow(id);
    },
  };
  const begun = async (): Promise<RunningSweeps> => {
    const sweeps = createSweeps({ store, judging: kiln, log: pino({ level: 'silent' }) });
    await sweeps.start();
    onTestFinished(async () => sweeps.close());
    return sweeps;
  };
  if (judges) kiln.onSubmit((id, input) => setImmediate(() => judge(kiln, id, input.params)));
  const sweeps = await begun();
  return {
    store,
    kiln,
    sweeps,
    rowsRead: () => rowsRead,
    restarted: async () => {
      await sweeps.close();
      return begun();
    },
  };
};

const judge = (kiln: FakeKiln, id: Parameters<FakeKiln['finish']>[0], params: Readonly<Record<string, unknown>>): void => {
  const speedup = 1 + Number(params['BLOCK']) / 1000;
  if (params['VEC'] === 4) kiln.finish(id, { verdict: 'plan_error', field: 'launch[0]', message: 'too many' });
  else kiln.finish(id, passed(speedup), score(speedup));
};

const submitted = async (kiln: FakeKiln): Promise<number> => (await kiln.candidates({ limit: 1000 })).candidates.length;

const ended = async (sweeps: RunningSweeps, id: SweepId): Promise<SweepView> => {
  let view = await sweeps.view(id);
  let open = true;
  while (open) {
    const { results, more } = await sweeps.results(id, { after: 0, limit: 1000, wait: 30 }, never);
    view = await sweeps.view(id);
    open = view.status === 'running' || (more && results.length < view.asked);
    if (open) await new Promise(setImmediate);
  }
  return view;
};

describe('a sweep', () => {
  test('tries every point that the conditions allow, each as a candidate, and ends', async () => {
    const { kiln, sweeps } = await scenario();
    const { id, size } = await sweeps.create(request());
    expect(size).toBe(VALID);
    expect(await ended(sweeps, id)).toMatchObject({
      status: 'finished',
      reason: 'every point of the space was tried',
      asked: VALID,
      byStatus: { done: VALID },
      byVerdict: { passed: 10, plan_error: 4 },
      spent: { gpuSeconds: 0.14 },
    });
    expect(await submitted(kiln)).toBe(VALID);
    const { results, more } = await sweeps.results(id, { after: 0, limit: 1000, wait: 0 }, never);
    expect(results.map(({ reported }) => reported)).toEqual(results.map((_, index) => index + 1));
    expect(more).toBe(false);
    const { candidates } = await kiln.candidates({ limit: 1 });
    expect(candidates[0]?.submission).toMatchObject({ sweepId: id, submitter: 'ada' });
  });

  test('of a candidate that is there keeps its params but for those that are varied, by the space that is given or by the plan', async () => {
    const { kiln, sweeps } = await scenario();
    const base = { BLOCK: 256, VEC: 2 };
    const one = await sweeps.create(request({ base, space: { BLOCK: [64, 128] } }));
    expect((await ended(sweeps, one.id)).spec).toMatchObject({ axes: { BLOCK: [64, 128] }, fixed: { VEC: 2 } });
    const tried = (await kiln.candidates({ limit: 9 })).candidates.map(({ submission }) => submission.params);
    expect(tried.toSorted((a, b) => Number(a['BLOCK']) - Number(b['BLOCK']))).toEqual([
      { BLOCK: 64, VEC: 2 },
      { BLOCK: 128, VEC: 2 },
    ]);
    const other = await sweeps.create(
      request({ base, candidate: { problem: 'vector_add', source: SOURCE, params: { VEC: 1 } } }),
    );
    expect((await ended(sweeps, other.id)).spec).toMatchObject({ axes: { BLOCK: [32, 64, 128, 256, 512] }, fixed: { VEC: 1 } });
  });

  test('is registered before any of its points, and the same request is the same sweep', async () => {
    const { sweeps } = await scenario({ judges: false });
    const first = await sweeps.create(request({ maxRunning: 2 }));
    const again = await sweeps.create(request({ maxRunning: 2 }));
    expect(again.id).toBe(first.id);
    expect((await sweeps.create(request({ maxRunning: 2, seed: 2 }))).id).not.toBe(first.id);
    expect((await sweeps.list()).sweeps).toHaveLength(2);
  });

  test('has no more points waiting than it may', async () => {
    const { kiln, sweeps } = await scenario({ judges: false });
    const { id } = await sweeps.create(request({ maxRunning: 3 }));
    await until(() => kiln.journal.filter(({ type }) => type === 'candidate.queued').length === 3, 'three are submitted');
    const { candidates } = await kiln.candidates({ limit: 9 });
    for (const one of candidates) judge(kiln, one.id, one.submission.params);
    await until(() => kiln.journal.filter(({ type }) => type === 'candidate.queued').length === 6, 'three more are');
    expect((await sweeps.view(id)).byStatus).toMatchObject({ done: 3, queued: 3 });
  });

  test.each([
    [{ budget: { candidates: 5 } }, /its budget of 5 candidates is used up/, 5],
    [{ budget: { gpuSeconds: 0.02 }, maxRunning: 1 }, /its budget of .* of device time is used up/, 2],
    [{ plateau: { points: 3, gain: 10 }, maxRunning: 1 }, /the last 3 verdicts made the best no faster by 1000 %/, 4],
  ] as const)('ends at %j', async (limits, reason, asked) => {
    const { sweeps } = await scenario();
    const { id } = await sweeps.create(request(limits));
    const view = await ended(sweeps, id);
    expect(view).toMatchObject({ status: 'finished', reason: expect.stringMatching(reason) as string, asked });
  });

  test('goes on after a kill: nothing is lost, and nothing is tried twice', async () => {
    const { kiln, sweeps, restarted } = await scenario({ judges: false });
    const { id } = await sweeps.create(request({ strategy: 'random', maxRunning: 4 }));
    await until(() => kiln.journal.filter(({ type }) => type === 'candidate.queued').length === 4, 'four are submitted');
    const { candidates } = await kiln.candidates({ limit: 9 });
    // The verdict of one comes while no daemon follows.
    const after = restarted();
    const [first] = candidates;
    if (first) judge(kiln, first.id, first.submission.params);
    kiln.onSubmit((one, input) => setImmediate(() => judge(kiln, one, input.params)));
    const again = await after;
    for (const one of candidates.slice(1)) judge(kiln, one.id, one.submission.params);
    expect(await ended(again, id)).toMatchObject({ status: 'finished', asked: VALID, byStatus: { done: VALID } });
    expect(await submitted(kiln)).toBe(VALID);
  });

  test('is read once when a daemon starts', async () => {
    const { sweeps, restarted, rowsRead } = await scenario({ judges: false });
    const { id } = await sweeps.create(request({ maxRunning: 2 }));
    const before = rowsRead();
    const again = await restarted();
    expect(rowsRead()).toBe(before);
    expect(await again.view(id)).toMatchObject({ status: 'running' });
  });

  test('submits again what a killed daemon had asked for and not submitted', async () => {
    const { kiln, sweeps, restarted } = await scenario();
    kiln.failNext('submit', new Error('the daemon was killed'));
    const { id } = await sweeps.create(request({ strategy: 'random' }));
    await until(() => kiln.failed().length === 1, 'a submission failed');
    const again = await restarted();
    expect(await ended(again, id)).toMatchObject({ asked: VALID, byStatus: { done: VALID } });
    expect(await submitted(kiln)).toBe(VALID);
  });

  test('waits while the queue is full, says so, and goes on', async () => {
    const { kiln, sweeps } = await scenario();
    kiln.failNext('submit', new KilnError('QUEUE_FULL', 'so many wait'));
    const { id } = await sweeps.create(request());
    await until(() => kiln.failed().length === 1, 'the queue was full');
    expect(await ended(sweeps, id)).toMatchObject({ asked: VALID, status: 'finished' });
  });

  test('is paused, resumed and cancelled, and is over then', async () => {
    const { kiln, sweeps } = await scenario({ judges: false });
    const { id } = await sweeps.create(request({ maxRunning: 2 }));
    await until(() => kiln.journal.filter(({ type }) => type === 'candidate.queued').length === 2, 'two are submitted');
    expect(await sweeps.pause(id)).toMatchObject({ status: 'paused', reason: 'paused by a person' });
    const { candidates } = await kiln.candidates({ limit: 9 });
    for (const one of candidates) judge(kiln, one.id, one.submission.params);
    await sweeps.results(id, { after: 1, limit: 9, wait: 30 }, never);
    expect(await submitted(kiln)).toBe(2);
    expect(await sweeps.resume(id)).toMatchObject({ status: 'running', reason: null });
    await until(() => kiln.journal.filter(({ type }) => type === 'candidate.queued').length === 4, 'two more are submitted');
    await sweeps.cancel(id);
    expect(await sweeps.cancel(id)).toMatchObject({ status: 'cancelled', byVerdict: { cancelled: 2 } });
    await expect(sweeps.resume(id)).rejects.toMatchObject({ code: 'SWEEP_ENDED' });
    await expect(sweeps.extend(id, { candidates: 1 })).rejects.toMatchObject({ code: 'SWEEP_ENDED' });
  });

  test('that has finished goes on when it is extended', async () => {
    const { sweeps } = await scenario();
    const { id } = await sweeps.create(request({ budget: { candidates: 5 } }));
    await ended(sweeps, id);
    expect((await sweeps.extend(id, { candidates: 4 })).spec?.budget).toEqual({ candidates: 9 });
    expect(await ended(sweeps, id)).toMatchObject({ status: 'finished', asked: 9, byStatus: { done: 9 } });
  });

  test('that two extend at once has what both asked for', async () => {
    const { sweeps } = await scenario();
    const { id } = await sweeps.create(request({ budget: { candidates: 2 } }));
    await ended(sweeps, id);
    await Promise.all([sweeps.extend(id, { candidates: 3 }), sweeps.extend(id, { candidates: 4 })]);
    expect(await ended(sweeps, id)).toMatchObject({ spec: { budget: { candidates: 9 } }, asked: 9 });
  });

  test('forgets a verdict that was taken back, and takes the next', async () => {
    const { kiln, sweeps } = await scenario({ judges: false });
    const { id } = await sweeps.create(request({ maxRunning: 2 }));
    await until(() => kiln.journal.filter(({ type }) => type === 'candidate.queued').length === 2, 'two are submitted');
    const [one] = (await kiln.candidates({ limit: 9 })).candidates;
    if (!one) throw new Error('a candidate was expected');
    kiln.finish(one.id, passed(9), score(9));
    await sweeps.results(id, { after: 0, limit: 9, wait: 30 }, never);
    kiln.emit('candidate.reopened', one.id);
    kiln.finish(one.id, { verdict: 'crashed', case: 'x', message: '' });
    const { results } = await sweeps.results(id, { after: 1, limit: 9, wait: 30 }, never);
    expect(results).toMatchObject([{ id: one.id, reported: 2, verdict: 'crashed' }]);
  });

  test.each([
    [{ space: { BLOK: [1] } }, /space\.BLOK: the header declares no param "BLOK"/],
    [{ where: ['BLOCK < 0'] }, /no point of the space meets all conditions: BLOCK \* VEC <= 1024; BLOCK < 0/],
    [{ where: ['WIDTH > 1'] }, /unknown name "WIDTH"/],
    [{ candidate: { problem: 'vector_add', source: 'int x;' } }, /candidate\.source: header: no launch plan/],
  ])('is refused with what is wrong: %j', async (wrong, message) => {
    const { sweeps } = await scenario();
    await expect(sweeps.create(request(wrong))).rejects.toThrow(message);
  });
});

const broken = async () => {
  const { kiln, sweeps, store, restarted } = await scenario({ judges: false });
  const { id } = await sweeps.create(request({ maxRunning: 2 }));
  const other = await sweeps.create(request({ maxRunning: 2, seed: 2 }));
  await expect.poll(async () => submitted(kiln)).toBeGreaterThan(0);
  const row = await store.sweepRow(id);
  if (!row?.spec) throw new Error('it is not there');
  await store.updateSweep(id, { spec: { ...row.spec, where: ['BLOCK <=> 3'] } });
  return { sweeps: await restarted(), id, other: other.id };
};

describe('a stored sweep whose space is none by the rules of today', () => {
  test('keeps no daemon from starting: it is paused with the reason, its points are there, and others go on', async () => {
    const { sweeps, id, other } = await broken();
    const view = await sweeps.view(id);
    expect(view).toMatchObject({ status: 'paused', reason: expect.stringMatching(/^it cannot go on: where: /u) as string });
    expect(view.asked).toBeGreaterThan(0);
    expect((await sweeps.view(other)).status).toBe('running');
    await expect(sweeps.resume(id)).rejects.toThrow(/where: /u);
  });

  test('can be cancelled', async () => {
    const { sweeps, id } = await broken();
    expect(await sweeps.cancel(id)).toMatchObject({ status: 'cancelled', reason: 'cancelled by a person' });
  });
});
