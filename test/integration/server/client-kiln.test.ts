import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connect, type Kiln } from '../../../src/client/kiln.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import { passed, score } from '../../support/server/fake-outcomes.ts';
import { type FakeServer, serveFake, until } from '../../support/server/serve-fake.ts';

const SOURCE = '/* kiln\nparams: {BLOCK: 1}\nlaunch: [{kernel: f, args: []}]\nspace: {BLOCK: 1..40}\n*/';
const candidate = { problem: 'vector_add', source: SOURCE };
let server: FakeServer;
let kiln: Kiln;
beforeEach(async () => {
  server = await serveFake();
  kiln = connect({ url: server.url, retry: { minMs: 1, maxMs: 5 } });
  server.kiln.onSubmit((id, { params }) => {
    const speedup = 1 + Number(params['BLOCK']) / 100;
    setImmediate(() => server.kiln.finish(id, passed(speedup), score(speedup)));
  });
});
afterEach(async () => server.stop());

const submitted = (): number => server.kiln.journal.filter(({ type }) => type === 'candidate.queued').length;

describe('kiln/client', () => {
  test('yields what became of every point of a sweep, once, and the sweep at its end', async () => {
    const results = kiln.sweep({ candidate }, { page: 7 });
    const seen: number[] = [];
    let step = await results.next();
    for (; !step.done; step = await results.next()) seen.push(Number(step.value.params['BLOCK']));
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(step.value).toMatchObject({ status: 'finished', asked: 40 });
  });

  test('asks for nothing before what is there was taken', async () => {
    const asked = vi.spyOn(server.sweeps, 'results');
    const results = kiln.sweep({ candidate }, { page: 2, onBreak: 'keep' });
    await results.next();
    await until(() => submitted() === 40, 'the sweep has gone on by itself');
    const before = asked.mock.calls.length;
    for (let taken = 1; taken < 9; taken += 1) await results.next();
    expect(asked.mock.calls.length - before).toBeLessThanOrEqual(4);
    for await (const _ of results) break;
  });

  test.each([
    ['ends the sweep', undefined, 'cancelled'],
    ['leaves the sweep alone where that is wished', 'keep', 'running'],
  ] as const)('whoever leaves the loop early %s', async (_, onBreak, status) => {
    const request = { candidate, maxRunning: 1 };
    for await (const { reported } of kiln.sweep(request, { page: 1, ...(onBreak === undefined ? {} : { onBreak }) }))
      if (reported === 2) break;
    const [sweep] = (await kiln.api.sweeps()).sweeps;
    expect(status === 'running' ? ['running', 'finished'] : ['cancelled', 'finished']).toContain(sweep?.status);
  });

  test('yields candidates as they finish, and submits again what may be accepted later', async () => {
    server.kiln.failNext('submit', new KilnError('QUEUE_FULL', 'so many wait'));
    const verdicts: string[] = [];
    for await (const { state } of kiln.judge([1, 2, 3].map((BLOCK) => ({ ...candidate, params: { BLOCK } }))))
      verdicts.push(state.status);
    expect(verdicts).toEqual(['done', 'done', 'done']);
    expect(server.kiln.failed()).toEqual(['submit']);
    expect(submitted()).toBe(3);
  });

  test('throws at once what no other try helps', async () => {
    await expect(kiln.judge([{ ...candidate, problem: 'nothing' }]).next()).rejects.toMatchObject({ code: 'UNKNOWN_PROBLEM' });
    const nobody = connect({ url: 'http://127.0.0.1:1', retry: { triesMax: 2, minMs: 1, maxMs: 2 } });
    await expect(nobody.sweep({ candidate }).next()).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' });
  });
});
