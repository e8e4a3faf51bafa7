import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectSsh, type SshConnection } from '../../../src/gpu/transports/ssh-connection.ts';
import { giveBackRead } from '../../../src/platform/gathered-pieces.ts';
import { HANG_MS } from '../../support/limits.ts';
import { type Sshd, sshdMissing, startSshd, targetOf } from '../../support/sshd.ts';

const BULK_BYTES = 64 * 1024 * 1024;
const KEPT_BYTES = 8 * 1024 * 1024;
/** sshd makes new keys after so much, so that an exchange of keys comes between data. */
const REKEY = 'RekeyLimit 4M';
const READ_BYTES_MAX = 256 * 1024;

const digest = (pieces: Iterable<Uint8Array>): string => {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
};

describe.skipIf(sshdMissing !== null)(
  `many bytes from a host (ssh${sshdMissing === null ? '' : `, skipped: ${sshdMissing}`})`,
  () => {
    const bulk = Buffer.alloc(BULK_BYTES, Buffer.from(Array.from({ length: 65_521 }, (_, at) => (at * 31) % 251)));
    const folder = mkdtempSync(join(tmpdir(), 'kiln-reads-'));
    const socket = join(folder, 'socket');
    const server = createServer((stream) => void stream.on('error', () => undefined).end(bulk)).listen(socket);
    let sshd: Sshd;
    let connection: SshConnection;
    beforeAll(async () => {
      sshd = await startSshd({ settings: [REKEY] });
      connection = await connectSsh(targetOf(sshd), AbortSignal.timeout(HANG_MS));
    });
    afterAll(async () => {
      connection.end();
      server.close();
      await sshd.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    test('go through few pieces of memory, and what others receive meanwhile, and keep, stays as it is', async () => {
      const command = `import sys; sys.stdout.buffer.write(bytes(range(256)) * ${KEPT_BYTES / 256})`;
      const { stdout } = await connection.execute(['python3', '-c', command], AbortSignal.timeout(HANG_MS));
      const kept = all(stdout);
      const memories = new Set<ArrayBufferLike>();
      const hash = createHash('sha256');
      const stream = await connection.openBulkSocket(socket);
      stream.on('data', (bytes: Buffer) => {
        hash.update(bytes);
        memories.add(bytes.buffer);
        giveBackRead(bytes);
      });
      await once(stream, 'end');
      expect(hash.digest('hex')).toBe(digest([bulk]));
      expect(memories.size).toBeLessThan(BULK_BYTES / READ_BYTES_MAX / 2);
      const numbers = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
      expect(digest(await kept)).toBe(digest([Buffer.alloc(KEPT_BYTES, numbers)]));
    });
  },
);

const all = async (stream: Readable): Promise<readonly Buffer[]> => {
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  await once(stream, 'end');
  return pieces;
};
