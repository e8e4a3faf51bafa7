import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { requireFreeAddress } from '../../../src/server/free-address.ts';

const taken = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

test('a port that another program has is refused with the setting that changes it', async () => {
  const port = await taken();
  await expect(requireFreeAddress({ host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'ADDRESS_UNAVAILABLE',
    message: expect.stringMatching(
      new RegExp(
        `^port ${port} on 127\\.0\\.0\\.1 is in use by another program.*stop it, or use another port \\(server\\.port, KILN_PORT\\)$`,
      ),
    ) as string,
  });
});

test('an address of another machine is refused as such', async () => {
  await expect(requireFreeAddress({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
    message: expect.stringMatching(/this machine has no address 192\.0\.2\.1.*KILN_HOST/) as string,
  });
});

test('an address that is free stays free', async () => {
  await requireFreeAddress({ host: '127.0.0.1', port: 0 });
  await expect(requireFreeAddress({ host: '127.0.0.1', port: 0 })).resolves.toBeUndefined();
});
