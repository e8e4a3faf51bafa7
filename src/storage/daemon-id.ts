/** The id of this daemon: kept in its data folder, so the same over restarts. Runners, stores and queues know it by that. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ID_BYTES = 8;

/** Only under the lock of the data folder, or two daemons may make it at once. */
export const daemonIdOf = (dataDir: string): string => {
  const file = join(dataDir, 'daemon-id');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    const id = randomBytes(ID_BYTES).toString('hex');
    writeFileSync(file, `${id}\n`, { mode: 0o600 });
    return id;
  }
};
