import { spawnSync } from 'node:child_process';
import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { KilnClient } from '../../src/client/create-client.ts';
import { type KilnFolder, kilnFolder, type KilnProcess, startKiln, untilDone } from '../support/kiln-process.ts';
import { hasPostgres, POSTGRES_MISSING, startPostgres } from '../support/servers.ts';

const FLEET = 'hosts:\n  - {name: simulated, local: {}, cpu: false, gpus: auto}\n';
const JUDGED = 6;

const source = (index: number): string => `/* kiln
params: {INDEX: ${index}}
launch:
  - {kernel: add, grid: [ceil_div(n, 256)], block: [256], args: [a, b, out, n]}
*/
extern "C" __global__ void add(const float* a, const float* b, float* out, int n) {}
`;

let folder: KilnFolder | null = null;
let kiln: KilnProcess | null = null;
afterEach(async () => {
  try {
    await kiln?.stop();
  } finally {
    folder?.remove();
    folder = null;
    kiln = null;
  }
});

const submit = async (client: KilnClient, from: number, count: number, device: string): Promise<readonly string[]> =>
  (
    await client.submit(Array.from({ length: count }, (_, at) => ({ problem: 'vector_add', device, source: source(from + at) })))
  ).candidates.map(({ id }) => id);

const ranked = async (client: KilnClient) => (await client.ranking('vector_add')).models.flatMap(({ entries }) => entries);

/** Some that are judged, and some that wait for a device that is not there. */
const fill = async (client: KilnClient): Promise<{ readonly judged: readonly string[]; readonly waiting: readonly string[] }> => {
  const judged = await submit(client, 0, JUDGED, 'simulated');
  await untilDone(client, new Set(judged));
  return { judged, waiting: await submit(client, 100, 3, 'H100') };
};

test('a data folder that was copied while the daemon was stopped is the whole of it: rankings, what waits, and work goes on', async () => {
  folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '1' });
  const data = join(folder.path, 'data');
  kiln = await startKiln(folder);
  const { waiting } = await fill(kiln.client);
  const before = await ranked(kiln.client);
  await kiln.stop();
  cpSync(data, join(folder.path, 'backup'), { recursive: true });
  // What comes later is lost with the disk.
  kiln = await startKiln(folder);
  await untilDone(kiln.client, new Set(await submit(kiln.client, 50, 1, 'simulated')));
  await kiln.stop();
  rmSync(data, { recursive: true });
  renameSync(join(folder.path, 'backup'), data);
  kiln = await startKiln(folder);
  expect(await ranked(kiln.client)).toEqual(before);
  for (const id of waiting) expect((await kiln.client.candidate(id)).state.status).toBe('queued');
  await untilDone(kiln.client, new Set(await submit(kiln.client, 50, 1, 'simulated')));
});

test.skipIf(!hasPostgres)(
  `a dump of schema kiln, restored into an empty database, is the whole of it${POSTGRES_MISSING}`,
  async () => {
    const server = await startPostgres();
    try {
      folder = kilnFolder(FLEET, { KILN_SIMULATED_DEVICES: '1', KILN_POSTGRES_URL: server.url });
      kiln = await startKiln(folder);
      const { waiting } = await fill(kiln.client);
      const before = await ranked(kiln.client);
      await kiln.stop();
      const dump = join(folder.path, 'kiln.dump');
      run('pg_dump', '--format=custom', '--schema=kiln', `--file=${dump}`, server.url);
      run('psql', '--quiet', server.url, '--command=drop schema kiln cascade', '--command=drop schema if exists bullmq cascade');
      run('pg_restore', `--dbname=${server.url}`, dump);
      kiln = await startKiln(folder);
      expect(await ranked(kiln.client)).toEqual(before);
      for (const id of waiting) expect((await kiln.client.candidate(id)).state.status).toBe('queued');
      await untilDone(kiln.client, new Set(await submit(kiln.client, 50, 1, 'simulated')));
    } finally {
      await kiln?.stop();
      kiln = null;
      await server.stop();
    }
  },
);

const run = (program: string, ...args: readonly string[]): void => {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  expect(done.status, `${program}: ${done.stderr}`).toBe(0);
};
