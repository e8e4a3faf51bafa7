import { afterEach, describe, expect, test } from 'vitest';
import {
  databaseOf,
  hasPostgres,
  hasRedis,
  POSTGRES_MISSING,
  REDIS_MISSING,
  startPostgres,
  startRedis,
} from '../support/servers.ts';
import { addition } from '../support/addition.ts';
import { kilnFolder, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder } from '../support/kiln-process.ts';

const CANDIDATES = 40;
const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';
const SIMULATED = { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_JUDGE_MS: '50' };

const folders: KilnFolder[] = [];
const folderOf = (settings: Record<string, string>): KilnFolder => {
  const folder = kilnFolder(FLEET, { ...SIMULATED, ...settings });
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

describe.skipIf(!hasRedis || !hasPostgres)(
  `two daemons with stores of their own on one Redis${REDIS_MISSING || POSTGRES_MISSING}`,
  () => {
    test('the second is refused with both names, and works beside the first under another prefix', async () => {
      const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
      const folderOn = async (database: string, settings: Record<string, string> = {}): Promise<KilnFolder> =>
        folderOf({ KILN_REDIS_URL: redis.url, KILN_POSTGRES_URL: await databaseOf(postgres, database), ...settings });
      const first = await startKiln(await folderOn('one'));
      try {
        const batch = Array.from({ length: CANDIDATES }, (_, index) => ({
          problem: 'vector_add',
          device: 'simulated',
          source: addition(index),
        }));
        const { candidates } = await first.client.submit(batch);
        const other = await folderOn('two');
        await expect(startKiln(other)).rejects.toThrow(
          /holds the jobs of another store: postgres:.*\/one .*; this daemon's is postgres:.*\/two .*queue\.prefix/s,
        );
        const second = await startKiln(await folderOn('two', { KILN_QUEUE_PREFIX: 'second' }));
        const { candidates: others } = await second.client.submit(batch.slice(0, 2));
        const verdicts = await untilDone(first.client, new Set(candidates.map(({ id }) => id)));
        expect([...new Set(verdicts.values())]).toEqual(['passed']);
        expect((await untilDone(second.client, new Set(others.map(({ id }) => id)))).size).toBe(2);
        await second.stop();
      } finally {
        await first.stop();
        await Promise.all([redis.stop(), postgres.stop()]);
      }
    });
  },
);
