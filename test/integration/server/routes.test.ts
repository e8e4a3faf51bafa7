import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClient, type KilnClient } from '../../../src/client/create-client.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import { CandidateId } from '../../../src/domain/ids.ts';
import { containing } from '../../support/server/containing.ts';
import { passed, score } from '../../support/server/fake-outcomes.ts';
import { type FakeServer, serveFake, until } from '../../support/server/serve-fake.ts';

const UNKNOWN = `c-${'0'.repeat(32)}`;
const one = { problem: 'vector_add', source: 'void f(void) {}', language: 'c' as const };

describe('the API through the typed client', () => {
  let server: FakeServer;
  let client: KilnClient;
  beforeEach(async () => {
    server = await serveFake();
    client = createClient({ url: server.url });
  });
  afterEach(() => {
    vi.useRealTimers();
    return server.stop();
  });

  const submitOne = async (): Promise<CandidateId> => {
    const answer = await client.submit([one]);
    return CandidateId.parse(answer.candidates[0]?.id);
  };

  test('answers a submission with ids in order, and the same content with the same id and its verdict', async () => {
    const first = await client.submit([one, { ...one, params: { BLOCK: 64 } }]);
    expect(first.candidates.map((candidate) => candidate.known)).toEqual([false, false]);
    const [a, b] = first.candidates;
    server.kiln.finish(CandidateId.parse(a?.id), passed(2), score(2));
    const again = await client.submit([{ ...one, params: { BLOCK: 64 } }, one]);
    expect(again.candidates.map(({ id, known, verdict }) => ({ id, known, verdict }))).toEqual([
      { id: b?.id, known: true, verdict: null },
      { id: a?.id, known: true, verdict: 'passed' },
    ]);
  });

  test('takes a single candidate as the whole body and fills the defaults in', async () => {
    const response = await fetch(`${server.url}/v1/candidates`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ problem: 'vector_add', source: 'x' }),
    });
    expect(response.status).toBe(200);
    const { candidates } = await client.candidates();
    expect(candidates[0]?.submission).toMatchObject({
      language: 'cuda',
      device: 'H100',
      priority: 100,
      submitter: 'anonymous',
      trial: 0,
    });
  });

  test('lists, shows, gives the source of and cancels a candidate', async () => {
    const id = await submitOne();
    expect((await client.candidates({ submitter: 'nobody' })).candidates).toEqual([]);
    expect((await client.candidates({ limit: 1 })).candidates.map((record) => record.id)).toEqual([id]);
    expect((await client.candidate(id)).state).toEqual({ status: 'queued' });
    expect(await client.source(id)).toEqual({ source: one.source, language: 'c' });
    expect(await client.cancel(id)).toEqual({ id, status: 'done' });
    await expect(client.cancel(id)).rejects.toMatchObject({ code: 'ALREADY_DONE', message: containing(id) });
  });

  test('serves the source as plain text that no browser will run', async () => {
    const id = await submitOne();
    const response = await fetch(`${server.url}/v1/candidates/${id}/source`);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toBe(one.source);
  });

  test('holds an answer back until the candidate is done', async () => {
    const id = await submitOne();
    let answered = false;
    const waiting = client.candidate(id, { waitSeconds: 60 }).then((record) => {
      answered = true;
      return record;
    });
    server.kiln.emit('candidate.compiling', id);
    expect((await client.candidate(id)).state.status).toBe('queued');
    expect(answered).toBe(false);
    server.kiln.finish(id, passed(1.5), score(1.5));
    expect((await waiting).state).toMatchObject({ status: 'done', outcome: { verdict: 'passed' } });
    expect(server.kiln.listeners()).toBe(0);
  });

  test('a long poll does not miss the end that comes while it reads', async () => {
    // It does not end by its own time, which comes with the same answer.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const id = await submitOne();
    server.kiln.afterNextRead(async () => {
      const before = server.kiln.reads();
      server.kiln.finish(id, passed(1.5), score(1.5));
      await until(() => server.kiln.reads() > before, 'the journal was read');
      await setImmediate();
    });
    expect((await client.candidate(id, { waitSeconds: 60 })).state.status).toBe('done');
  });

  test('answers a long poll with the state as it is when the time is over', async () => {
    const id = await submitOne();
    expect((await client.candidate(id, { waitSeconds: 0.05 })).state.status).toBe('queued');
  });

  test('shows queue, fleet, problems and one problem', async () => {
    expect((await client.queue()).byDevice[1]?.blocked).toContain('no host');
    expect((await client.fleet()).hosts.map((host) => host.state)).toEqual(['connected', 'unreachable']);
    expect((await client.problems()).problems).toEqual([
      { name: 'vector_add', title: 'Add two vectors', targets: ['cpu', 'gpu'] },
    ]);
    expect((await client.problem('vector_add')).problem.variables).toEqual(['n']);
  });

  test('ranks what passed and counts what did not', async () => {
    const answer = await client.submit([one, { ...one, trial: 1 }, { ...one, trial: 2 }]);
    const [a, b, c] = answer.candidates.map(({ id }) => CandidateId.parse(id));
    if (!a || !b || !c) throw new Error('three ids expected');
    server.kiln.finish(a, passed(1.1), score(1.1));
    server.kiln.finish(b, passed(1.9), score(1.9));
    server.kiln.finish(c, { verdict: 'compile_error', log: 'no' });
    const ranking = await client.ranking('vector_add', { device: 'H100' });
    expect(ranking.models[0]?.entries.map((entry) => entry.candidateId)).toEqual([b, a]);
    expect(ranking.failed).toEqual({ compile_error: 1 });
  });

  test('is alive, and ready only when the engine says so', async () => {
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await client.ready()).toEqual({ ready: true, reason: null });
    server.kiln.setNotReady('starting: replaying the journal');
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    expect(await client.ready()).toEqual({ ready: false, reason: 'starting: replaying the journal' });
    server.kiln.notReady = async () => Promise.reject(new KilnError('STORE_UNAVAILABLE', 'the database does not answer'));
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    expect(await client.ready()).toMatchObject({ ready: false, reason: containing('the daemon could not answer') });
  });

  test('adds its own request times to the metrics of the engine', async () => {
    await client.queue();
    const metrics = await client.metrics();
    expect(metrics).toContain('kiln_fake 1');
    expect(metrics).toMatch(/kiln_http_request_seconds_count\{method="GET",route="\/v1\/queue",status="200"\} 1/);
    expect((await fetch(`${server.url}/metrics`)).headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test('knows nothing of an unknown candidate, sweep or problem', async () => {
    await expect(client.candidate(UNKNOWN)).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
    await expect(client.candidate(UNKNOWN, { waitSeconds: 1 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.source(UNKNOWN)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.sweep(`s-${'0'.repeat(16)}`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.problem('nope')).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
    await expect(client.ranking('nope')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.submit([{ ...one, problem: 'nope' }])).rejects.toMatchObject({ code: 'UNKNOWN_PROBLEM' });
  });
});
