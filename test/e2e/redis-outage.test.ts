import { afterEach, describe, expect, test } from 'vitest';
import { hasRedis, REDIS_MISSING, startRedis } from '../support/servers.ts';
import { doneEvents, kilnFolder, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder } from '../support/kiln-process.ts';
import { addition } from '../support/addition.ts';

const CANDIDATES = 80;
/** Candidates that are judged while it is away. */
const JUDGED_MEANWHILE = 20;
const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';

let folder: KilnFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

describe.skipIf(!hasRedis)(`a Redis that goes away in the middle of the work${REDIS_MISSING}`, () => {
  test('costs no candidate its verdict: what was accepted is judged once, and work goes on when it is back', async () => {
    const redis = await startRedis();
    folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_JUDGE_MS: '100', KILN_REDIS_URL: redis.url });
    const kiln = await startKiln(folder);
    try {
      const batch = Array.from({ length: CANDIDATES }, (_, index) => ({
        problem: 'vector_add',
        device: 'simulated',
        source: addition(index),
      }));
      const { candidates } = await kiln.client.submit(batch);
      const ids = new Set<string>(candidates.map(({ id }) => id));
      let after = 0;
      for await (const event of kiln.client.events({ after })) {
        after = event.sequence;
        if (event.type === 'candidate.done') break;
      }
      await redis.restart(async () => {
        // While it is away, submitting says so instead of accepting what could be lost.
        await expect(
          kiln.client.submit([{ problem: 'vector_add', device: 'simulated', source: addition(9999) }]),
        ).rejects.toMatchObject({
          code: 'QUEUE_UNAVAILABLE',
        });
        // What the daemon had leased goes on meanwhile.
        let judged = 0;
        for await (const event of kiln.client.events({ after })) {
          if (event.type === 'candidate.done') judged += 1;
          if (judged === JUDGED_MEANWHILE) break;
        }
      });
      const verdicts = await untilDone(kiln.client, ids);
      expect([...new Set(verdicts.values())]).toEqual(['passed']);
      expect([...(await doneEvents(kiln.client, ids)).values()].every((count) => count === 1)).toBe(true);
    } finally {
      await kiln.stop();
      await redis.stop();
    }
  });

  test('stops no daemon from ending: it gives back its store, and another one takes over', async () => {
    const redis = await startRedis();
    folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_JUDGE_MS: '100', KILN_REDIS_URL: redis.url });
    try {
      const kiln = await startKiln(folder);
      const batch = Array.from({ length: JUDGED_MEANWHILE }, (_, index) => ({
        problem: 'vector_add',
        device: 'simulated',
        source: addition(index),
      }));
      const { candidates } = await kiln.client.submit(batch);
      await redis.restart(async () => kiln.stop());
      const next = await startKiln(folder);
      const verdicts = await untilDone(next.client, new Set<string>(candidates.map(({ id }) => id)));
      expect([...new Set(verdicts.values())]).toEqual(['passed']);
      await next.stop();
    } finally {
      await redis.stop();
    }
  });
});
