import { afterEach, expect, test } from 'vitest';
import { runCli } from '../support/server/run-cli.ts';
import { kilnFolder, startKiln } from '../support/kiln-process.ts';
import type { KilnFolder, KilnProcess } from '../support/kiln-process.ts';

const host = (name: string, more = ''): string => `  - {name: ${name}, local: {}, cpu: true, gpus: none${more}}\n`;

let folder: KilnFolder | null = null;
let kiln: KilnProcess | null = null;
afterEach(async () => {
  try {
    await kiln?.stop();
  } finally {
    folder?.remove();
  }
});

test('a daemon follows its fleet file when it changes and on SIGHUP, tells what is wrong with it, and keeps rented hosts over a restart', async () => {
  folder = kilnFolder(`hosts:\n${host('one')}`);
  kiln = await startKiln(folder);
  const states = async () => (await kiln?.client.fleet())?.hosts.map(({ name, state }) => `${name} ${state}`);
  await expect.poll(states).toEqual(['one connected']);

  folder.write('fleet.yaml', `hosts:\n${host('one')}${host('two')}`);
  await expect.poll(states).toEqual(['one connected', 'two connected']);

  folder.write('fleet.yaml', 'hosts:\n  - {name: one, locl: {}}\n');
  kiln.child.kill('SIGHUP');
  await expect.poll(async () => (await kiln?.client.fleet())?.complaint).toContain('hosts[0].locl');
  expect(await states()).toEqual(['one connected', 'two connected']);
  await expect(kiln.client.reloadFleet()).rejects.toMatchObject({ code: 'INVALID_FLEET' });

  // What is wrong may be in a file that no fleet had so far, and is put right there.
  folder.write('rack.yaml', 'hosts:\n  - {name: two, locl: {}}\n');
  folder.write('fleet.yaml', `include: [rack.yaml]\nhosts:\n${host('one')}`);
  await expect.poll(async () => (await kiln?.client.fleet())?.complaint).toMatch(/rack\.yaml.*locl/);
  folder.write('rack.yaml', `hosts:\n${host('two', ', labels: [mended]')}`);
  await expect.poll(async () => (await kiln?.client.fleet())?.hosts[1]?.labels).toEqual(['mended']);

  folder.write('fleet.yaml', `hosts:\n${host('one', ', labels: [eu]')}`);
  const plan = await runCli(['fleet', 'plan'], { url: kiln.url });
  expect(plan.stdout).toMatch(/two is removed|nothing changes/);
  await expect.poll(states).toEqual(['one connected']);
  expect((await kiln.client.fleet()).hosts[0]?.labels).toEqual(['eu']);

  const added = ['fleet', 'add', 'rented', '--ssh', 'nobody@127.0.0.1:1', '--key', '/nowhere', '--expires', '1h'];
  expect((await runCli(added, { url: kiln.url })).stdout).toMatch(/^rented was added, and leaves at 20/);
  await kiln.stop();
  kiln = await startKiln(folder);
  const fleet = await kiln.client.fleet();
  expect(fleet.hosts.map(({ name, origin }) => [name, origin?.by])).toEqual([
    ['one', 'file'],
    ['rented', 'api'],
  ]);
  expect((await runCli(['fleet', 'remove', 'rented'], { url: kiln.url })).stdout).toBe(
    'rented drains, and leaves when what it has is done\n',
  );
  await expect.poll(async () => (await kiln?.client.fleet())?.hosts.length).toBe(1);
});
