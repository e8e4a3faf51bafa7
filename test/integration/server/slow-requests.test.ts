import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const RECEIVE_LIMIT_MS = 1000;
/** Below the 30 s after which Node looks by itself, counted from before there is a server. */
const CUT_WITHIN_MS = 29_000;
/** A machine that stands still may make one late, not all of them. */
const TRIES = { retry: 3 };

let server: FakeServer;
afterEach(() => server.stop());

const HEAD = 'POST /v1/candidates HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

describe('a request that does not come in time', () => {
  test.each([
    ['with a body that stops', `${HEAD}content-length: 100\r\n\r\n{`],
    ['with headers that stop', HEAD],
  ])('%s is cut at the limit that is set, and told so', TRIES, async (_name, beginning) => {
    const startedMs = performance.now();
    server = await serveFake({ receiveLimitMs: RECEIVE_LIMIT_MS });
    const socket: Socket = connect(server.port, '127.0.0.1');
    socket.write(beginning);
    const text = await socket.setEncoding('utf8').toArray();
    expect(performance.now() - startedMs).toBeLessThan(CUT_WITHIN_MS);
    expect(performance.now() - startedMs).toBeGreaterThan(RECEIVE_LIMIT_MS - 100);
    expect(text.join('')).toContain('did not come in time');
  });

  test('one that comes drop by drop, from who reads no answer, is cut as well', TRIES, async () => {
    const startedMs = performance.now();
    server = await serveFake({ receiveLimitMs: RECEIVE_LIMIT_MS });
    const socket = connect(server.port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('error', resolve).on('close', resolve));
    socket.write(`${HEAD}content-length: 1000\r\n\r\n`);
    const drops = setInterval(() => socket.write(' '), 50);
    await closed;
    clearInterval(drops);
    expect(performance.now() - startedMs).toBeLessThan(CUT_WITHIN_MS);
  });
});
