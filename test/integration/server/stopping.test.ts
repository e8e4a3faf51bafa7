import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createClient } from '../../../src/client/create-client.ts';
import { ErrorBody } from '../../../src/domain/api/errors.ts';
import { ENDPOINTS } from '../../../src/domain/api/endpoints.ts';
import { HANG_MS } from '../../support/limits.ts';
import { serveFake } from '../../support/server/serve-fake.ts';

interface Operation {
  readonly method: string;
  readonly url: string;
}
const resources: readonly Record<string, Operation>[] = Object.values(ENDPOINTS);
const pages = ['/', '/fleet', '/docs', '/openapi.json', '/sign-in', '/nothing'].map((url) => ({ method: 'GET', url }));
const asked: readonly Operation[] = [...resources.flatMap((resource) => Object.values(resource)), ...pages];

/** All that comes until the other side has no more to say. */
const answerOf = async (socket: Socket, { method, url }: Operation): Promise<string> => {
  socket.setEncoding('utf8');
  let text = '';
  socket.on('data', (part: string) => {
    text += part;
  });
  const closed = once(socket, 'close');
  const body = method === 'GET' ? '' : '{}';
  const headers = `host: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  socket.write(`${method} ${url.replaceAll(/:\w+/gu, 'none')} HTTP/1.1\r\n${headers}\r\n\r\n${body}`);
  await closed;
  return text;
};

test('whatever is asked of a daemon that stops is answered 503, in the form of all errors, with the time to try again', async () => {
  const server = await serveFake({ closeGraceMs: HANG_MS });
  // Accepted before, and asked on after: the server waits for these.
  const sockets = await Promise.all(
    asked.map(async (operation) => {
      const socket = connect(server.port, '127.0.0.1');
      await once(socket, 'connect');
      return { socket, operation };
    }),
  );
  // It has accepted all of them when it answers one that came later.
  await createClient({ url: server.url }).queue();
  const stopped = server.stop();
  const answers = await Promise.all(
    sockets.map(async ({ socket, operation }) => [operation.method, operation.url, await answerOf(socket, operation)] as const),
  );
  await stopped;
  for (const [method, url, text] of answers) {
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect([method, url, head.split('\r\n')[0]]).toEqual([method, url, 'HTTP/1.1 503 Service Unavailable']);
    expect(head, url).toMatch(/^retry-after: \d+$/imu);
    expect(ErrorBody.parse(JSON.parse(body)), url).toMatchObject({ code: 'STOPPING' });
  }
});
