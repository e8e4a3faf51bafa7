import { afterEach, describe, expect, test } from 'vitest';
import { hasPostgres, POSTGRES_MISSING, startPostgres } from '../support/servers.ts';
import { addition } from '../support/addition.ts';
import { HANG_MS } from '../support/limits.ts';
import { doneEvents, kilnFolder, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder } from '../support/kiln-process.ts';

const CANDIDATES = 90;
const RESTARTS = 5;
const VERDICTS_BETWEEN = 10;
const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';

let folder: KilnFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

describe.skipIf(!hasPostgres)(`a Postgres that is restarted in the middle of the work${POSTGRES_MISSING}`, () => {
  test(`${RESTARTS} times ends no daemon and costs no candidate its verdict`, async () => {
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
      const verdicts = await untilDone(kiln.client, new Set(all));
      expect([...new Set(verdicts.values())]).toEqual(['passed']);
      expect([...(await doneEvents(kiln.client, ids)).values()].every((count) => count === 1)).toBe(true);
    } finally {
      await kiln.stop();
      await postgres.stop();
    }
  });

  test('stops no daemon from ending while it is away, and another one takes over', async () => {
    const postgres = await startPostgres();
    const settings = { KILN_POSTGRES_URL: postgres.url, KILN_TAKEOVER_WAIT_MS: String(HANG_MS) };
    folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_JUDGE_MS: '50', ...settings });
    try {
      const kiln = await startKiln(folder);
      const { candidates } = await kiln.client.submit([{ problem: 'vector_add', device: 'simulated', source: addition(0) }]);
      await postgres.restart('SIGINT', async () => kiln.stop());
      const next = await startKiln(folder);
      const verdicts = await untilDone(next.client, new Set<string>(candidates.map(({ id }) => id)));
      expect([...verdicts.values()]).toEqual(['passed']);
      await next.stop();
    } finally {
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
  await expect.poll(done, { interval: 200 }).toBeGreaterThanOrEqual(count);
};
