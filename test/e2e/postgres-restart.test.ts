import { afterEach, describe, expect, test } from 'vitest';
import { hasPostgres, POSTGRES_MISSING, startPostgres } from '../support/servers.ts';
import { addition } from '../support/addition.ts';
import { doneEvents, kilnFolder, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder } from '../support/kiln-process.ts';

const CANDIDATES = 90;
const RESTARTS = 5;
const VERDICTS_BETWEEN = 10;
const LIMIT_MS = 300_000;
const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';

let folder: KilnFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

describe.skipIf(!hasPostgres)(`a Postgres that is restarted in the middle of the work${POSTGRES_MISSING}`, () => {
  test(`${RESTARTS} times ends no daemon and costs no candidate its verdict`, { timeout: LIMIT_MS }, async () => {
    const postgres = await startPostgres();
    folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_JUDGE_MS: '50', KILN_POSTGRES_URL: postgres.url });
    const kiln = await startKiln(folder);
    try {
      const batch = Array.from({ length: CANDIDATES }, (_, index) => ({
        problem: 'vector_add',
        device: 'simulated',
        source: addition(index),
      }));
      const { candidates } = await kiln.client.submit(batch);
      const ids = new Set<string>(candidates.map(({ id }) => id));
      const all = [...ids];
      for (let restart = 1; restart <= RESTARTS; restart += 1) {
        await untilSomeAreDone(kiln, ids, restart * VERDICTS_BETWEEN);
        await postgres.restart(restart % 2 === 0 ? 'SIGQUIT' : 'SIGINT');
      }
      expect(kiln.child.exitCode).toBeNull();
      const verdicts = await untilDone(kiln.client, new Set(all), 200_000);
      expect([...new Set(verdicts.values())]).toEqual(['passed']);
      expect([...(await doneEvents(kiln.client, ids)).values()].every((count) => count === 1)).toBe(true);
    } finally {
      await kiln.stop();
      await postgres.stop();
    }
  });
});

/** A stream of events breaks off with the store; it is asked again. */
const untilSomeAreDone = async (
  kiln: Awaited<ReturnType<typeof startKiln>>,
  ids: ReadonlySet<string>,
  count: number,
): Promise<void> => {
  const done = async (): Promise<number> =>
    kiln.client.queue().then(
      ({ stages }) => ids.size - Object.values(stages).reduce((total, stage) => total + stage, 0),
      () => 0,
    );
  await expect.poll(done, { timeout: 120_000, interval: 200 }).toBeGreaterThanOrEqual(count);
};
