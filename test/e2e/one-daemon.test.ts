import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { hasPostgres, POSTGRES_MISSING, startPostgres } from '../support/servers.ts';
import { addition } from '../support/addition.ts';
import { doneEvents, kilnFolder, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder } from '../support/kiln-process.ts';

const CANDIDATES = 40;
const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';
const SIMULATED = { KILN_SIMULATED_DEVICES: '1', KILN_SIMULATED_JUDGE_MS: '100' };
const EXIT_FAILED = 1;

const folders: KilnFolder[] = [];
const folderOn = (url: string, settings: Record<string, string> = {}): KilnFolder => {
  const folder = kilnFolder(FLEET, { ...SIMULATED, KILN_POSTGRES_URL: url, ...settings });
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

const batch = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    problem: 'vector_add',
    device: 'simulated',
    source: addition(from + index),
  }));

describe.skipIf(!hasPostgres)(`two daemons on one Postgres${POSTGRES_MISSING}`, () => {
  test('a second one is refused, with who has it; one takes over from a suspended one, which then writes nothing and ends', async () => {
    const postgres = await startPostgres();
    const first = await startKiln(folderOn(postgres.url));
    try {
      const { candidates } = await first.client.submit(batch(0, CANDIDATES));
      const ids = new Set<string>(candidates.map(({ id }) => id));
      await expect(startKiln(folderOn(postgres.url, { KILN_TAKEOVER_WAIT_MS: '500' }))).rejects.toThrow(
        new RegExp(`postgres://.* is in use by another daemon: process ${first.pid} on .*, since 20`),
      );
      for await (const event of first.client.events({ after: 0 })) if (event.type === 'candidate.done') break;
      process.kill(first.pid, 'SIGSTOP');
      const second = await startKiln(folderOn(postgres.url, { KILN_TAKEOVER_WAIT_MS: '60000' }));
      await untilDone(second.client, new Set([...ids].slice(0, 5)));
      const ended = once(first.child, 'exit');
      process.kill(first.pid, 'SIGCONT');
      expect((await ended)[0]).toBe(EXIT_FAILED);
      expect(first.log()).toMatch(new RegExp(`in use by another daemon: process ${second.pid} on `));
      const verdicts = await untilDone(second.client, ids);
      expect([...new Set(verdicts.values())]).toEqual(['passed']);
      expect([...(await doneEvents(second.client, ids)).values()].every((count) => count === 1)).toBe(true);
      await second.stop();
    } finally {
      await first.kill();
      await postgres.stop();
    }
  });

  test('one whose daemon was killed is taken over by another one, from another folder, without losing anything', async () => {
    const postgres = await startPostgres();
    const first = await startKiln(folderOn(postgres.url));
    try {
      const { candidates } = await first.client.submit(batch(1000, CANDIDATES));
      const ids = new Set<string>(candidates.map(({ id }) => id));
      for await (const event of first.client.events({ after: 0 })) if (event.type === 'candidate.done') break;
      await first.kill();
      const second = await startKiln(folderOn(postgres.url, { KILN_TAKEOVER_WAIT_MS: '60000' }));
      const verdicts = await untilDone(second.client, ids);
      expect([...new Set(verdicts.values())]).toEqual(['passed']);
      await second.stop();
    } finally {
      await first.kill();
      await postgres.stop();
    }
  });
});
