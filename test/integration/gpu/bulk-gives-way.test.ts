import { Buffer } from 'node:buffer';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeFrame, frameStart } from '../../../src/domain/frames.ts';
import { buildRunnerArchive } from '../../../src/gpu/runner-archive.ts';
import { createSshTransport } from '../../../src/gpu/transports/ssh.ts';
import { type CuttingProxy, startCuttingProxy } from '../../support/cutting-proxy.ts';
import { removeFolder } from '../../support/kiln-process.ts';
import { HANG_MS } from '../../support/limits.ts';
import { type Sshd, sshdMissing, startSshd, targetOf } from '../../support/sshd.ts';

/** Together more than the kernel keeps for a connection, each less than sshd's window. */
const TRANSFERS = 16;
const BYTES = 29 * 65_536;
/** As buffers may grow on either end: Linux lets them, to some megabytes. */
const KERNEL_BYTES_MAX = 16 * 1024 * 1024;
const PAYLOAD_BYTES = 32 * 1024 * 1024;

describe.skipIf(sshdMissing !== null)(
  `transfers beside judging (ssh${sshdMissing === null ? '' : `, skipped: ${sshdMissing}`})`,
  () => {
    let sshd: Sshd;
    let proxy: CuttingProxy;
    let folder: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'kiln-bulk-'));
      sshd = await startSshd();
      proxy = await startCuttingProxy(sshd.port);
    });
    afterAll(async () => {
      await proxy.stop();
      await sshd.stop();
      removeFolder(folder);
    });

    test('what transfers send over a line that takes nothing waits before the connection, not within it', async () => {
      const archive = buildRunnerArchive();
      const transport = createSshTransport({
        target: targetOf(sshd, { port: proxy.port }),
        archive: async () => archive,
        folder: join(folder, 'kiln'),
      });
      const signal = AbortSignal.timeout(HANG_MS);
      (await transport.open(signal)).resume();
      const streams: Duplex[] = [];
      for (let at = 0; at < TRANSFERS; at += 1) {
        const stream = await transport.openWork(signal);
        stream.on('error', () => undefined).resume();
        stream.write(encodeFrame({ type: 'write', root: join(folder, `to-${at}`) }));
        stream.write(
          frameStart({ type: 'chunk', path: 'x', size: PAYLOAD_BYTES, index: 0, hash: '0'.repeat(64) }, PAYLOAD_BYTES),
        );
        streams.push(stream);
      }
      proxy.freeze();
      for (const stream of streams) for (let part = 0; part < 29; part += 1) stream.write(Buffer.alloc(BYTES / 29));
      expect(await settled(() => streams.reduce((sum, { writableLength }) => sum + writableLength, 0))).toBeGreaterThan(
        TRANSFERS * BYTES - KERNEL_BYTES_MAX,
      );
      await transport.close();
    });
  },
);

/** Once it has not changed for many turns. */
const settled = async (value: () => number): Promise<number> => {
  for (let [last, turns] = [value(), 0]; ; turns += 1) {
    await new Promise(setImmediate);
    if (value() !== last) [last, turns] = [value(), 0];
    else if (turns > 2000) return last;
  }
};
