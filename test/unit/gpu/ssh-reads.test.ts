import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { createSshReads } from '../../../src/gpu/transports/ssh-reads.ts';

const DATA = 'Inbound: CHANNEL_DATA (r:0, 4)';

const createRig = () => {
  const reads = createSshReads();
  const channel = reads.gather(new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() }));
  const data = (): void => {
    reads.note(DATA);
    channel.push(Buffer.from('data'));
  };
  return { ...reads, data };
};

test('a read that brought data of bulk channels alone is free, whatever was sent meanwhile', () => {
  const { note, data, isFree } = createRig();
  data();
  note('Outbound: Sending CHANNEL_WINDOW_ADJUST (r:0, 1048576)');
  data();
  expect(isFree()).toBe(true);
});

test.each([
  ['data of another channel', DATA],
  ['a key exchange', 'Handshake: (remote) KEX algorithms: curve25519-sha256'],
  ['another message', 'Inbound: Received GLOBAL_REQUEST (hostkeys-00@openssh.com)'],
  ['data that is told in other words', 'Inbound: Received CHANNEL_DATA'],
])('a read that brought %s is kept, and the next is judged for itself', (_what, message) => {
  const { note, data, isFree } = createRig();
  data();
  note(message);
  expect(isFree()).toBe(false);
  data();
  expect(isFree()).toBe(true);
});
