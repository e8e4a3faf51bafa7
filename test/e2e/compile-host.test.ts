import { afterEach, expect, test } from 'vitest';
import { fleetText } from '../../src/cli/commands/fleet.ts';
import { addition } from '../support/addition.ts';
import { kilnFolder, processesNaming, startKiln, untilDone } from '../support/kiln-process.ts';
import type { KilnFolder, KilnProcess } from '../support/kiln-process.ts';

const FLEET = `hosts:
  - {name: judging, local: {}, cpu: false, gpus: auto, compileSlots: 1}
  - {name: compiling, local: {}, cpu: false, gpus: none}
`;
/** Counts are of what is submitted: a canary on a slow machine would be one more. */
const SETTINGS = { KILN_SIMULATED_DEVICES: '2', KILN_CANARY_FIRST_SECONDS: '86400' };
const CANDIDATES = 40;
const POLL_MS = 100;

let folder: KilnFolder | null = null;
afterEach(() => {
  folder?.remove();
  folder = null;
});

const start = async (): Promise<KilnProcess> => {
  folder = kilnFolder(FLEET, SETTINGS);
  const kiln = await startKiln(folder);
  await poll('both hosts are there', async () => {
    const { hosts } = await kiln.client.fleet();
    return hosts.every(({ state }) => state === 'connected');
  });
  return kiln;
};

/** Until the daemon's API says so. */
const poll = async (what: string, condition: () => Promise<boolean> | boolean): Promise<void> =>
  expect.poll(condition, { interval: POLL_MS, message: what }).toBe(true);

const submit = async ({ client }: KilnProcess) => {
  const { candidates } = await client.submit(
    Array.from({ length: CANDIDATES }, (_, index) => ({
      problem: 'vector_add',
      device: 'simulated',
      source: addition(index),
    })),
  );
  return candidates.map(({ id }) => id);
};

/** Samples of a counter by its labels' values, such as {"compiling compiled": 20}. */
const counts = async ({ client }: KilnProcess, name: string): Promise<Readonly<Record<string, number>>> => {
  const samples = (await client.metrics()).matchAll(new RegExp(`^${name}\\{host="(\\w+)",\\w+="(\\w+)"\\} (\\d+)$`, 'gm'));
  return Object.fromEntries([...samples].map(([, host = '', label = '', count]) => [`${host} ${label}`, Number(count)]));
};

test('a host without GPUs compiles for one with GPUs, and each artifact is transferred once', async () => {
  const kiln = await start();
  const fleet = await kiln.client.fleet();
  expect(fleetText(fleet)).toMatch(/compiling +connected +local +\S+ ?\S* +compile only/);
  expect(fleetText(fleet)).toContain('compiling: compiles for judging');
  expect(fleet.hosts.map(({ name, devices, compilesFor }) => [name, devices.length, compilesFor])).toEqual([
    ['judging', 2, []],
    ['compiling', 0, ['judging']],
  ]);
  const ids = await submit(kiln);
  const verdicts = await untilDone(kiln.client, new Set<string>(ids));
  expect(new Set(verdicts.values())).toEqual(new Set(['passed']));
  const compiles = await counts(kiln, 'kiln_compiles_total');
  const [here = 0, there = 0] = [compiles['judging compiled'], compiles['compiling compiled']];
  expect(here).toBeGreaterThan(0);
  expect(there).toBeGreaterThan(0);
  expect(here + there).toBe(CANDIDATES);
  expect(await counts(kiln, 'kiln_artifact_transfers_total')).toEqual({ 'compiling fetched': there, 'judging put': there });
  await kiln.stop();
});

const serving = () => processesNaming(`${folder?.path}/data/runner-compiling`).filter(({ command }) => command.includes('serve'));

test('a compile host that is killed in the middle costs no candidate an attempt', async () => {
  const kiln = await start();
  // A process that is being forked has its parent's command line for a moment.
  await poll('one process serves', () => serving().length === 1);
  const runner = serving();
  for (const { pid } of runner) process.kill(pid, 'SIGSTOP');
  const ids = await submit(kiln);
  await poll('all that is left waits for the compile host, or that was silent for so long that it counts as lost', async () => {
    const { compiling, ...others } = (await kiln.client.queue()).stages;
    const { hosts } = await kiln.client.fleet();
    const isLost = hosts.find(({ name }) => name === 'compiling')?.state !== 'connected';
    return isLost || (compiling > 0 && Object.values(others).every((count) => count === 0));
  });
  for (const { pid } of runner) process.kill(pid, 'SIGKILL');
  const verdicts = await untilDone(kiln.client, new Set<string>(ids));
  expect(new Set(verdicts.values())).toEqual(new Set(['passed']));
  const candidates = await Promise.all(ids.map(async (id) => kiln.client.candidate(id)));
  expect(candidates.filter(({ infraFailures }) => infraFailures > 0)).toEqual([]);
  await kiln.stop();
});
