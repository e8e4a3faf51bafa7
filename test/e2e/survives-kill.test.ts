import { afterEach, describe, expect, test } from 'vitest';
import { REDIS_MISSING, hasRedis, startRedis } from '../support/servers.ts';
import { doneEvents, kilnFolder, processesNaming, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder } from '../support/kiln-process.ts';
import { addition } from '../support/addition.ts';

const CANDIDATES = 60;
const KILLS = 4;
const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';
const SIMULATED = { KILN_SIMULATED_DEVICES: '2', KILN_SIMULATED_JUDGE_MS: '60' };
const DEVICE = 'simulated';

const batch = Array.from({ length: CANDIDATES }, (_, index) => ({
  problem: 'vector_add',
  device: DEVICE,
  source: addition(index),
}));

let folder: KilnFolder | null = null;
afterEach(() => {
  // Also a daemon that a failed test left running: it names the folder in its environment only, its runner in its command line.
  folder?.remove();
  folder = null;
});

/** Returns the processes left after the last stop. */
const expectOneVerdictEach = async (settings: Record<string, string>): Promise<readonly string[]> => {
  folder = kilnFolder(FLEET, { ...SIMULATED, ...settings });
  let kiln = await startKiln(folder);
  const { candidates } = await kiln.client.submit(batch);
  const ids = new Set<string>(candidates.map(({ id }) => id));
  expect(ids.size).toBe(CANDIDATES);
  for (let kill = 0; kill < KILLS; kill += 1) {
    // Killed in the middle of the work: after some more verdicts, while others are compiled, ready and judged.
    const target = Math.floor((CANDIDATES * (kill + 1)) / (KILLS + 2));
    const { client } = kiln;
    const abort = new AbortController();
    let seen = 0;
    for await (const event of client.events({ after: 0, signal: abort.signal })) {
      if (event.type === 'candidate.done') seen += 1;
      if (seen >= target) break;
    }
    await kiln.kill();
    kiln = await startKiln(folder);
  }
  const verdicts = await untilDone(kiln.client, ids);
  expect([...new Set(verdicts.values())]).toEqual(['passed']);
  const counts = await doneEvents(kiln.client, ids);
  expect(counts.size).toBe(CANDIDATES);
  expect([...counts.values()].every((count) => count === 1)).toBe(true);
  const queue = await kiln.client.queue();
  expect(queue.stages).toEqual({ queued: 0, compiling: 0, ready: 0, judging: 0, confirming: 0 });
  await kiln.stop();
  await folder.ended();
  return processesNaming(folder.path).map(({ command }) => command);
};

describe('a daemon killed with SIGKILL in the middle of its work', () => {
  test('gives every accepted candidate one verdict, on the embedded store', async () => {
    expect(await expectOneVerdictEach({})).toEqual([]);
  });

  test.skipIf(!hasRedis)(`gives every accepted candidate one verdict, with the queue on Redis${REDIS_MISSING}`, async () => {
    const redis = await startRedis();
    try {
      expect(await expectOneVerdictEach({ KILN_REDIS_URL: redis.url })).toEqual([]);
    } finally {
      await redis.stop();
    }
  });
});
