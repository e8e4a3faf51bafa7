import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createClient } from '../../../src/client/create-client.ts';
import type { CandidateId } from '../../../src/domain/ids.ts';
import type { JournalEvent } from '../../../src/domain/journal.ts';
import { createFakeKiln, type FakeKiln } from '../../support/server/fake-kiln.ts';
import { passed } from '../../support/server/fake-outcomes.ts';
import { HANG_MS } from '../../support/limits.ts';
import { freePort } from '../../support/servers.ts';
import { type FakeServer, serveFake, until } from '../../support/server/serve-fake.ts';

/** Longer than a test may last. */
const NEVER_MS = 24 * 3_600_000;

const servers: FakeServer[] = [];
const start = async (...options: Parameters<typeof serveFake>): Promise<FakeServer> => {
  const server = await serveFake(...options);
  servers.push(server);
  return server;
};
afterEach(async () => {
  vi.useRealTimers();
  for (const server of servers.splice(0)) await server.stop();
});

const submit = async (kiln: FakeKiln, trial = 0): Promise<CandidateId> => {
  const input = {
    problem: 'vector_add',
    source: 'x',
    language: 'c' as const,
    device: 'cpu',
    params: {},
    priority: 1,
    submitter: 'me',
    labels: [],
    trial,
  };
  const answer = await kiln.submit([input]);
  const [first] = answer.candidates;
  if (!first) throw new Error('one answer expected');
  return first.id;
};

/** The next `count` events; the stream stays open. */
const take = async (events: AsyncGenerator<JournalEvent>, count: number): Promise<number[]> => {
  const sequences: number[] = [];
  while (sequences.length < count) {
    const next = await events.next();
    if (next.done) break;
    sequences.push(next.value.sequence);
  }
  return sequences;
};
const all = async (events: AsyncGenerator<JournalEvent>): Promise<JournalEvent[]> => {
  const list: JournalEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
};
const emit = (kiln: FakeKiln, count: number): void => {
  for (let n = 0; n < count; n += 1) kiln.emit('daemon.started', null, { n });
};

describe('GET /v1/events', () => {
  test('starts at now, and then gives every event once, in order, with its sequence as id', async () => {
    const server = await start();
    emit(server.kiln, 5);
    const events = createClient({ url: server.url }).events();
    const first = take(events, 3);
    await until(() => server.kiln.listeners() === 1, 'the stream follows');
    emit(server.kiln, 3);
    expect(await first).toEqual([6, 7, 8]);
    await events.return(undefined);
    await until(() => server.kiln.listeners() === 0, 'nobody follows any more');
  });

  test('starts after ?after=, reads old pages from the journal and goes on live without a gap', async () => {
    const server = await start();
    for (let n = 0; n < 1300; n += 1) server.kiln.append('daemon.started', null);
    const controller = new AbortController();
    const events = createClient({ url: server.url }).events({ after: 3, signal: controller.signal });
    const old = await take(events, 600);
    emit(server.kiln, 700);
    const rest = await take(events, 2000 - 3 - 600);
    expect([...old, ...rest]).toEqual(Array.from({ length: 1997 }, (_, index) => index + 4));
    controller.abort();
    expect((await events.next()).done).toBe(true);
  });

  test('one reader of the journal serves many streams', async () => {
    const server = await start();
    const streams = Array.from({ length: 20 }, () => createClient({ url: server.url }).events());
    const firsts = streams.map((events) => take(events, 50));
    await until(() => server.kiln.listeners() === 1, 'one subscription');
    // Events come until every stream, however late it opened, has had fifty.
    let waiting = true;
    const finished = Promise.all(firsts).finally(() => {
      waiting = false;
    });
    let written = 0;
    await until(() => {
      emit(server.kiln, 1);
      written += 1;
      return !waiting;
    }, 'all streams had their events');
    for (const first of await finished) {
      const [from = 0] = first;
      expect(first).toEqual(Array.from({ length: 50 }, (_, index) => from + index));
    }
    expect(server.kiln.reads()).toBeLessThan(2 * written);
    for (const events of streams) await events.return(undefined);
  });

  test('goes on for the others when one reader leaves', async () => {
    const server = await start();
    server.kiln.append('daemon.started', null);
    const [staying, leaving] = [
      createClient({ url: server.url }).events({ after: 0 }),
      createClient({ url: server.url }).events({ after: 0 }),
    ];
    await staying.next();
    await leaving.next();
    await leaving.return(undefined);
    // Its connection is gone when a stream that opens later has been served.
    for (let turn = 0; turn < 3; turn += 1) await createClient({ url: server.url }).queue();
    emit(server.kiln, 2);
    expect(await take(staying, 2)).toEqual([2, 3]);
    await staying.return(undefined);
    await until(() => server.kiln.listeners() === 0, 'nobody follows any more');
  });

  test('the client resumes with Last-Event-ID after the server went away, and misses nothing', async () => {
    const kiln = createFakeKiln();
    const before = await start({ kiln, port: await freePort() });
    const events = createClient({ url: before.url, events: { backoffMs: 5, backoffMaxMs: 5 } }).events({ after: 0 });
    emit(kiln, 3);
    expect(await take(events, 2)).toEqual([1, 2]);
    await before.stop();
    emit(kiln, 4);
    await start({ kiln, port: before.port });
    expect(await take(events, 5)).toEqual([3, 4, 5, 6, 7]);
    await events.return(undefined);
  });

  test('a reader that has seen more than there is, as after a backup was restored, is told from now on', async () => {
    const server = await start();
    emit(server.kiln, 3);
    const events = createClient({ url: server.url }).events({ after: 1000, signal: AbortSignal.timeout(HANG_MS) });
    const first = take(events, 2);
    await until(() => server.kiln.listeners() === 1, 'the stream follows');
    emit(server.kiln, 2);
    expect(await first).toEqual([4, 5]);
    await events.return(undefined);
  });

  test('a probe without a body (HEAD) opens no stream, which would hold its connection for good', async () => {
    const server = await start();
    const id = await submit(server.kiln);
    const socket = connect(server.port, '127.0.0.1');
    for (const path of ['/v1/events', `/v1/candidates/${id}/events`])
      socket.write(`HEAD ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    const deadline = setTimeout(() => socket.destroy(), HANG_MS);
    const text = (await socket.setEncoding('utf8').toArray()).join('');
    clearTimeout(deadline);
    expect(text.match(/^HTTP\/1\.1 \d+/gmu)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 404', 'HTTP/1.1 200']);
    expect(server.kiln.listeners()).toBe(0);
  });

  test('Last-Event-ID wins over ?after=', async () => {
    const server = await start();
    emit(server.kiln, 4);
    const controller = new AbortController();
    const response = await fetch(`${server.url}/v1/events?after=0`, {
      headers: { 'last-event-id': '3' },
      signal: controller.signal,
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (text.includes('data:')) break;
    }
    expect(text).toContain('retry: 1000\n\nid: 4\nevent: daemon.started\ndata: {"sequence":4,');
    controller.abort();
  });

  test('sends a comment when nothing happens', async () => {
    const server = await start({ streams: { heartbeatMs: 5 } });
    const response = await fetch(`${server.url}/v1/events`);
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (text.split(': ping\n\n').length > 3) break;
    }
    expect(text).toMatch(/^retry: 1000\n\n(: ping\n\n)+$/);
  });

  test('disconnects a reader that takes nothing, and frees what it held', async () => {
    const server = await start({ streams: { stallMs: 50 } });
    const socket = connect(server.port, '127.0.0.1');
    socket.pause();
    socket.write(`GET /v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await until(() => server.kiln.listeners() === 1, 'the stream is open');
    // Far more than the socket's buffers hold.
    for (let n = 0; n < 200; n += 1) server.kiln.emit('daemon.started', null, { text: 'x'.repeat(200_000) });
    await until(() => server.kiln.listeners() === 0, 'the stalled stream is closed');
    expect(socket.bytesRead).toBeLessThan(200 * 200_000);
    socket.destroy();
  });

  test('refuses more streams than its limit, and takes new ones when old ones end', async () => {
    const server = await start({ streams: { streamsMax: 1 } });
    const client = createClient({ url: server.url });
    const first = client.events({ after: 0 });
    server.kiln.emit('daemon.started', null);
    await first.next();
    await expect(client.events().next()).rejects.toMatchObject({ code: 'TOO_MANY_STREAMS', retryable: true });
    await first.return(undefined);
    await until(() => server.kiln.listeners() === 0, 'the first is gone');
    expect(await take(client.events({ after: 0 }), 1)).toEqual([1]);
  });

  test('a journal that cannot be read for a moment delays events and loses none', async () => {
    const server = await start();
    const events = createClient({ url: server.url }).events();
    const first = take(events, 1);
    await until(() => server.kiln.listeners() === 1, 'the stream follows');
    server.kiln.failNext('events', new Error('the store is away'));
    emit(server.kiln, 1);
    expect(await first).toEqual([1]);
    expect(server.kiln.failed()).toEqual(['events']);
    await events.return(undefined);
  });

  test('closing the server ends streams and long polls at once', async () => {
    // Nothing ends by its own time: only the closing ends it.
    const server = await start({ closeGraceMs: NEVER_MS });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const id = await submit(server.kiln);
    const controller = new AbortController();
    const client = createClient({ url: server.url, events: { reconnectsMax: 0 } });
    const poll = client.candidate(id, { waitSeconds: 60 });
    await until(() => server.kiln.listeners() === 1, 'the long poll follows');
    const events = client.events({ after: 0, signal: controller.signal });
    await events.next();
    const stream = take(events, 1).catch((error: unknown) => error);
    await server.stop();
    expect((await poll).state.status).toBe('queued');
    expect(await stream).toMatchObject({ code: 'DAEMON_UNREACHABLE' });
    controller.abort();
  });
});

test('a connection that never asked anything does not hold the stop up', async () => {
  const server = await start({ closeGraceMs: 100, receiveLimitMs: NEVER_MS });
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  // The server has accepted it when it answers a connection that came later.
  await createClient({ url: server.url }).queue();
  await expect(server.stop()).resolves.toBeUndefined();
  socket.destroy();
});

describe('GET /v1/candidates/:id/events', () => {
  test('gives the whole life of one candidate and ends with it', async () => {
    const server = await start();
    const id = await submit(server.kiln);
    const other = await submit(server.kiln, 1);
    const events = all(createClient({ url: server.url }).candidateEvents(id));
    await until(() => server.kiln.listeners() === 1, 'the stream follows');
    server.kiln.emit('candidate.compiling', other);
    server.kiln.emit('candidate.compiling', id);
    server.kiln.finish(other, passed(1));
    server.kiln.finish(id, passed(2));
    expect((await events).map((event) => [event.candidateId, event.type])).toEqual([
      [id, 'candidate.queued'],
      [id, 'candidate.compiling'],
      [id, 'candidate.done'],
    ]);
    await until(() => server.kiln.listeners() === 0, 'nobody follows any more');
  });

  test('of a candidate that is done gives what is left, and nothing (204) when nothing is', async () => {
    const server = await start();
    const id = await submit(server.kiln);
    server.kiln.finish(id, { verdict: 'cancelled' });
    const client = createClient({ url: server.url });
    expect((await all(client.candidateEvents(id, { after: 1 }))).map((event) => event.type)).toEqual(['candidate.done']);
    expect(await all(client.candidateEvents(id, { after: 2 }))).toEqual([]);
    expect((await fetch(`${server.url}/v1/candidates/${id}/events`, { headers: { 'last-event-id': '2' } })).status).toBe(204);
  });

  test('goes on where a verdict was taken back, and ends with the last one', async () => {
    const server = await start();
    const id = await submit(server.kiln);
    server.kiln.finish(id, passed(2));
    server.kiln.emit('candidate.reopened', id);
    const events = all(createClient({ url: server.url }).candidateEvents(id));
    await until(() => server.kiln.listeners() === 1, 'the stream follows');
    server.kiln.finish(id, passed(1));
    expect((await events).map(({ type }) => type)).toEqual([
      'candidate.queued',
      'candidate.done',
      'candidate.reopened',
      'candidate.done',
    ]);
  });

  test('of an unknown candidate is not found', async () => {
    const server = await start();
    const events = createClient({ url: server.url }).candidateEvents(`c-${'0'.repeat(32)}`);
    await expect(events.next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

test('a client without a daemon says how to start one', async () => {
  const server = await start();
  await server.stop();
  servers.splice(0);
  const client = createClient({ url: server.url });
  const expected = {
    code: 'DAEMON_UNREACHABLE',
    message: `no daemon at ${server.url}: start one with ./kiln up, or name another with --url or KILN_URL`,
  };
  await expect(client.queue()).rejects.toMatchObject(expected);
  await expect(client.events().next()).rejects.toMatchObject(expected);
  expect(() => createClient({ url: 'kiln' })).toThrow(/no URL of a daemon/);
});
