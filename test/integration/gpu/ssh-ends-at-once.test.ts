/** A server that says everything in one packet: what it says before anybody has had time to listen counts too. */
import { once } from 'node:events';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type ServerChannel } from 'ssh2';
import { expect, onTestFinished, test } from 'vitest';
import { connectSsh } from '../../../src/gpu/transports/ssh-connection.ts';
import { generateKey } from '../../support/sshd.ts';
import { HANG_MS } from '../../support/limits.ts';

/** `onExec` answers in the turn in which the command is asked for. */
const serverThat = async (
  onExec: (channel: ServerChannel) => void,
): Promise<{ readonly port: number; readonly hostKey: string }> => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const hostKey = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => context.accept());
    client.on('session', (accept) => accept().on('exec', (accepted) => onExec(accepted())));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const parsed = ssh2.utils.parseKey(hostKey);
  if (parsed instanceof Error) throw parsed;
  return { port: (server.address() as AddressInfo).port, hostKey: parsed.getPublicSSH().toString('base64') };
};

const connected = async (onExec: (channel: ServerChannel) => void) => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-ssh-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { port, hostKey } = await serverThat(onExec);
  const connection = await connectSsh(
    {
      host: '127.0.0.1',
      port,
      user: 'anybody',
      credential: { kind: 'key', path: generateKey(join(folder, 'key')) },
      hostKey: { kind: 'key', type: 'ssh-rsa', base64: hostKey },
      jump: null,
    },
    AbortSignal.timeout(HANG_MS),
  );
  onTestFinished(() => connection.end());
  return connection;
};

test('the exit code of a command that ends in the packet that opens it is told', async () => {
  const connection = await connected((channel) => {
    channel.exit(127);
    channel.end();
    channel.close();
  });
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const command = await connection.execute(['python3'], AbortSignal.timeout(HANG_MS));
    command.stdout.resume();
    expect(await command.exited).toBe(127);
  }
});
