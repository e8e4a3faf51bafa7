import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { startDelayingProxy } from '../../../bench/gpu/delaying-proxy.ts';

const ONE_WAY_MS = 60;
const CHUNKS = 200;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const echoServer = async (): Promise<number> => {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

const connectThrough = async (oneWayMs: number): Promise<Socket> => {
  const proxy = await startDelayingProxy(await echoServer(), oneWayMs);
  ends.push(proxy.stop);
  const socket = connect(proxy.port, '127.0.0.1').setNoDelay(true);
  ends.push(async () => socket.destroy());
  await once(socket, 'connect');
  return socket;
};

test('a round trip takes the delay twice, and many messages on their way take it only once', async () => {
  const socket = await connectThrough(ONE_WAY_MS);
  const startedMs = performance.now();
  const sent = Array.from({ length: CHUNKS }, (_, index) => `${index}\n`);
  for (const text of sent) socket.write(text);
  let answer = '';
  let firstMs: number | undefined;
  for await (const data of socket.setEncoding('utf8')) {
    firstMs ??= performance.now() - startedMs;
    answer += String(data);
    if (answer.length === sent.join('').length) break;
  }
  expect(answer).toBe(sent.join(''));
  expect(firstMs).toBeGreaterThanOrEqual(2 * ONE_WAY_MS - 2);
  expect(performance.now() - startedMs).toBeLessThan(CHUNKS * ONE_WAY_MS);
});

test('the end of one side reaches the other after everything that was sent before', async () => {
  const socket = await connectThrough(ONE_WAY_MS);
  socket.end('the last words');
  let answer = '';
  for await (const data of socket.setEncoding('utf8')) answer += String(data);
  expect(answer).toBe('the last words');
});
