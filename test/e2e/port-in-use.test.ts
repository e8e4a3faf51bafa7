import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { kilnFolder, startKiln } from '../support/kiln-process.ts';

const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';

test('a daemon whose port is taken says so in one line, before it makes a database', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const address = other.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const folder = kilnFolder(FLEET, { KILN_PORT: String(address.port) });
  onTestFinished(() => void folder.remove());
  rmSync(join(folder.path, 'data'), { recursive: true });
  await expect(startKiln(folder)).rejects.toThrow(
    new RegExp(`ended before it was up:\nerror: port ${address.port} on 127\\.0\\.0\\.1 is in use by another program[^\n]*\n$`),
  );
  expect(existsSync(join(folder.path, 'data'))).toBe(false);
});
