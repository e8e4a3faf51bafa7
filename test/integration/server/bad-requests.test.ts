import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ErrorBody } from '../../../src/domain/api/errors.ts';
import { KilnError } from '../../../src/domain/errors.ts';
import { containing } from '../../support/server/containing.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const good = { problem: 'vector_add', source: 'x' };

describe('bad requests', () => {
  let server: FakeServer;
  beforeAll(async () => {
    server = await serveFake({ config: { limits: { sourceBytes: 64, batch: 3 } } });
  });
  afterAll(() => server.stop());

  const call = async (
    method: string,
    path: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const init: RequestInit = {
      method,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    };
    if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${server.url}${path}`, init);
    return { status: response.status, headers: response.headers, body: ErrorBody.parse(await response.json()) };
  };

  const post = (body: unknown, path = '/v1/candidates') => call('POST', path, { body });

  test.each([
    ['a missing field', { problem: 'vector_add' }, 'body.source: '],
    ['a field of the wrong type', { ...good, trial: 'two' }, 'body.trial: '],
    ['an unknown field', { ...good, sorce: 'x' }, 'body: unknown field "sorce"'],
    ['a bad param', { ...good, params: { BLOCK: '1;2' } }, 'body.params.BLOCK: '],
    ['a bad language', { ...good, language: 'rust' }, 'body.language: '],
    ['a bad candidate of a batch', { candidates: [good, { ...good, priority: 0 }] }, 'body.candidates[1].priority: '],
    ['NUL in a source', { ...good, source: 'x\0y' }, 'body.source: '],
    ['NUL in a submitter', { ...good, submitter: 'a\0b' }, 'body.submitter: '],
    ['half of a surrogate pair', { ...good, source: '// \ud800' }, 'body.source: '],
    ['an empty batch', { candidates: [] }, 'body.candidates: '],
    ['a body that is no object', [1], 'body: '],
  ])('names the field path of %s', async (_name, body, message) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('INVALID_REQUEST');
    expect(answer.body.message).toContain(message);
    expect(answer.body.message).toContain('/docs');
    expect(answer.headers.get('x-request-id')).toBe(answer.body.requestId);
  });

  test.each(['problem', 'device', 'submitter', 'status', 'sweep'])('refuses NUL in the filter %s', async (filter) => {
    const answer = await call('GET', `/v1/candidates?${filter}=a%00b`);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toContain(`query.${filter}: `);
  });

  test('says what either kind of a param may be', async () => {
    const answer = await post({ ...good, params: { BLOCK: 1.5 } });
    expect(answer.body.message).toMatch(/body\.params\.BLOCK: .*must be a whole number.*, or: .*must be text/);
  });

  test('lists every wrong field in the details, and stops at twenty', async () => {
    const answer = await post({ ...good, trial: -1, priority: 0 });
    expect(answer.body.message).toContain('(and 1 more, see details)');
    expect((answer.body.details as { issues: { path: string }[] }).issues.map((issue) => issue.path).toSorted()).toEqual([
      'body.priority',
      'body.trial',
    ]);
    const many = await post({ candidates: Array.from({ length: 30 }, () => ({ problem: 'p' })) });
    expect(many.body.details?.['issues']).toHaveLength(20);
  });

  test.each([
    ['malformed JSON', { body: '{"problem": ', headers: {}, message: 'not valid JSON' }],
    ['an empty body', { body: '', headers: {}, message: 'empty' }],
    ['another content type', { body: 'hello', headers: { 'content-type': 'text/csv' }, message: 'content-type' }],
    [
      'a __proto__ key',
      { body: '{"__proto__": {"x": 1}, "problem": "p", "source": "x"}', headers: {}, message: 'a key "__proto__"' },
    ],
  ])('refuses %s with what to do', async (_name, { body, headers, message }) => {
    const answer = await call('POST', '/v1/candidates', { body, headers });
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('INVALID_REQUEST');
    expect(answer.body.message).toContain(message);
  });

  test.each([
    ['GET', '/v1/candidates?limit=0', 'query.limit: '],
    ['GET', '/v1/candidates?verdict=great', 'query.verdict: '],
    ['GET', '/v1/candidates/c-12', 'params.id: a candidate id is "c-" and 32 hex digits'],
    ['GET', `/v1/candidates/c-${'0'.repeat(32)}?wait=61`, 'query.wait: '],
    ['GET', '/v1/events?after=-1', 'query.after: '],
    ['DELETE', '/v1/candidates/everything', 'params.id: '],
    ['GET', '/v1/sweeps/1', 'params.id: '],
    ['GET', '/v1/problems/vector_add/ranking?limit=many', 'query.limit: '],
  ])('%s %s names the part and the field', async (method, path, message) => {
    const answer = await call(method, path);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toContain(message);
  });

  test('refuses a Last-Event-ID that is no number', async () => {
    const answer = await call('GET', '/v1/events', { headers: { 'last-event-id': 'abc' } });
    expect(answer.body).toMatchObject({ code: 'INVALID_REQUEST', message: containing('last-event-id') });
  });

  test.each([
    ['GET', '/v2/nothing'],
    ['PUT', '/v1/queue'],
    ['GET', '/v1/candidates/x/y/z'],
  ])('%s %s is not found, with where to look', async (method, path) => {
    const answer = await call(method, path);
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ code: 'NOT_FOUND', message: containing(`${method} ${path}: /docs`) });
  });

  test('refuses a path with broken percent-encoding', async () => {
    const answer = await call('GET', '/v1/problems/%zz');
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('INVALID_REQUEST');
  });

  test('answers what is no HTTP with an error in the usual shape', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.end('HELLO\r\n\r\n');
    const text = (await socket.toArray()).join('');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(ErrorBody.parse(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).code).toBe('INVALID_REQUEST');
  });

  test('refuses a source over the limit by its bytes, and keeps nothing of its batch', async () => {
    const fits = { ...good, source: 'e'.repeat(64) };
    expect(
      (
        await fetch(`${server.url}/v1/candidates`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(fits),
        })
      ).status,
    ).toBe(200);
    const answer = await post({
      candidates: [
        { ...good, submitter: 'half' },
        { ...good, source: 'é'.repeat(33) },
      ],
    });
    expect(answer.status).toBe(413);
    expect(answer.body).toMatchObject({
      code: 'SOURCE_TOO_LARGE',
      details: { field: 'body.candidates[1].source', bytes: 66, bytesMax: 64 },
    });
    expect(await (await fetch(`${server.url}/v1/candidates?submitter=half`)).json()).toMatchObject({ candidates: [] });
    const sweep = await post({ candidate: { ...good, source: 'x'.repeat(65) }, space: { B: [1] } }, '/v1/sweeps');
    expect(sweep.body).toMatchObject({ code: 'SOURCE_TOO_LARGE', details: { field: 'body.candidate.source' } });
  });

  test('refuses too many candidates in one request', async () => {
    const four = await post({ candidates: [good, good, good, good] });
    expect(four).toMatchObject({ status: 413, body: { code: 'BATCH_TOO_LARGE', message: containing('at most 3') } });
    const thousands = await post({ candidates: Array.from({ length: 1001 }, () => good) });
    expect(thousands).toMatchObject({
      status: 413,
      body: { code: 'BATCH_TOO_LARGE', message: containing('at most 1000') },
    });
  });

  test('refuses a body over 32 MiB before it has read it', async () => {
    const answer = await post({ ...good, source: 'x'.repeat(33 * 1024 * 1024) });
    expect(answer).toMatchObject({ status: 413, body: { code: 'BATCH_TOO_LARGE', details: { bodyBytesMax: 32 * 1024 * 1024 } } });
  });
});

describe('failures inside', () => {
  test.each([
    ['an unexpected error', { error: new Error('password=hunter2 at /srv/kiln.ts'), status: 500, code: 'INTERNAL' }],
    [
      'a deliberate 5xx',
      {
        error: new KilnError('STORE_UNAVAILABLE', 'postgres://kiln:hunter2@db refused', { details: { secret: 'hunter2' } }),
        status: 503,
        code: 'STORE_UNAVAILABLE',
      },
    ],
  ])('%s tells its code and request id, never what it knows', async (_name, { error, status, code }) => {
    const server = await serveFake();
    server.kiln.failNext('queue', error);
    const response = await fetch(`${server.url}/v1/queue`);
    const text = await response.text();
    await server.stop();
    expect(response.status).toBe(status);
    expect(text).not.toContain('hunter2');
    const body = ErrorBody.parse(JSON.parse(text));
    expect(body).toMatchObject({ code, message: containing(body.requestId) });
    expect(response.headers.get('retry-after')).toBe(status === 503 ? '1' : null);
  });

  test('an answer that is not what the contract says is a failure, not half an answer', async () => {
    const server = await serveFake();
    server.kiln.queue = async () => ({ hunter2: true }) as never;
    const response = await fetch(`${server.url}/v1/queue`);
    const text = await response.text();
    await server.stop();
    expect(response.status).toBe(500);
    expect(text).not.toContain('hunter2');
  });
});
