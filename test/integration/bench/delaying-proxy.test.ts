import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { type DelayingProxy, startDelayingProxy } from '../../../bench/gpu/delaying-proxy.ts';

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

const connectThrough = async (oneWayMs: number): Promise<{ readonly proxy: DelayingProxy; readonly socket: Socket }> => {
  const proxy = await startDelayingProxy(await echoServer(), oneWayMs);
  ends.push(proxy.stop);
  const socket = connect(proxy.port, '127.0.0.1').setNoDelay(true);
  ends.push(async () => socket.destroy());
  await once(socket, 'connect');
  return { proxy, socket };
};

test('a round trip takes the delay twice, and what is sent arrives in order', async () => {
  const { socket } = await connectThrough(ONE_WAY_MS);
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
});

/** Of the event loop. `expect.poll` would advance the timers. */
const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('many messages on their way take the delay only once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  ends.push(async () => vi.useRealTimers());
  const { proxy, socket } = await connectThrough(ONE_WAY_MS);
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  for (const sent of [1, 2, 3]) {
    socket.write(`${sent}\n`);
    while (proxy.onTheirWay() < sent) await turn();
  }
  vi.advanceTimersByTime(ONE_WAY_MS);
  expect(proxy.onTheirWay()).toBe(0);
  // The way back, in as many pieces as the system makes of it.
  while (answer.length < '1\n2\n3\n'.length) {
    await turn();
    vi.advanceTimersByTime(ONE_WAY_MS);
  }
  expect(answer).toBe('1\n2\n3\n');
});

test('the end of one side reaches the other after everything that was sent before', async () => {
  const { socket } = await connectThrough(ONE_WAY_MS);
  socket.end('the last words');
  let answer = '';
  for await (const data of socket.setEncoding('utf8')) answer += String(data);
  expect(answer).toBe('the last words');
});
