import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { hasPostgres, hasRedis, POSTGRES_MISSING, REDIS_MISSING, startPostgres, startRedis } from '../support/servers.ts';
import { addition } from '../support/addition.ts';
import { doneEvents, kilnFolder, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder } from '../support/kiln-process.ts';

/** More than the daemon holds (a thousand): the others are nowhere but in Redis' lists. */
const CANDIDATES = 1600;
const BATCH = 800;
const FLUSHES = 2;
const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';

let folder: KilnFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

describe.skipIf(!hasRedis || !hasPostgres)(
  `a Redis that is emptied in the middle of the work${REDIS_MISSING || POSTGRES_MISSING}`,
  () => {
    test('costs no candidate its verdict, without a restart', async () => {
      const [server, postgres] = await Promise.all([startRedis(), startPostgres()]);
      const redis = new Redis(server.url);
      folder = kilnFolder(FLEET, {
        KILN_SIMULATED_DEVICES: '2',
        KILN_SIMULATED_JUDGE_MS: '2',
        KILN_REDIS_URL: server.url,
        KILN_POSTGRES_URL: postgres.url,
      });
      const kiln = await startKiln(folder);
      try {
        const batch = Array.from({ length: CANDIDATES }, (_, index) => ({
          problem: 'vector_add',
          device: 'simulated',
          source: addition(index),
        }));
        const ids = new Set<string>();
        for (let from = 0; from < CANDIDATES; from += BATCH) {
          const { candidates } = await kiln.client.submit(batch.slice(from, from + BATCH));
          for (const { id } of candidates) ids.add(id);
        }
        let done = 0;
        let flushes = 0;
        for await (const event of kiln.client.events({ after: 0 })) {
          if (event.type === 'candidate.done') done += 1;
          if (done < (flushes + 1) * 20) continue;
          await redis.flushall();
          flushes += 1;
          if (flushes === FLUSHES) break;
        }
        const verdicts = await untilDone(kiln.client, ids);
        expect([...new Set(verdicts.values())]).toEqual(['passed']);
        expect([...(await doneEvents(kiln.client, ids)).values()].every((count) => count === 1)).toBe(true);
      } finally {
        redis.disconnect();
        await kiln.stop();
        await Promise.all([server.stop(), postgres.stop()]);
      }
    });
  },
);
