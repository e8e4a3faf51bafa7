import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createClient } from '../../../src/client/create-client.ts';

test('a daemon that takes a request and says nothing is unreachable after the time that the client was given', async () => {
  const silent = createServer((socket) => void socket.resume()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = createClient({ url: `http://127.0.0.1:${address.port}`, answerLimitMs: 50 });
  onTestFinished(() => void silent.close());
  const limits = vi.spyOn(AbortSignal, 'timeout');
  await expect(client.queue()).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' });
  expect(limits.mock.calls).toEqual([[50]]);
});
