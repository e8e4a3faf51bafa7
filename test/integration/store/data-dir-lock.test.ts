import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lockDataDir } from '../../../src/store/data-dir-lock.ts';
import { printed, temporaryFolder } from '../../support/servers.ts';
import { HANG_MS } from '../../support/limits.ts';

const LOCK_MODULE = join(import.meta.dirname, '../../../src/store/data-dir-lock.ts');

const folderOfTest = (): string => {
  const folder = temporaryFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** A process that has locked `folder`, begun by `launcher` (a program that runs what follows it). */
const holding = async (folder: string, launcher: readonly string[] = []): Promise<ChildProcess> => {
  const script = `import { lockDataDir } from ${JSON.stringify(LOCK_MODULE)};
    await lockDataDir(${JSON.stringify(folder)});
    console.log('locked as', process.pid); setInterval(() => {}, 1000);`;
  const [program, ...args] = [...launcher, process.execPath, '--input-type=module', '-e', script];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await printed(child, 'locked as');
  return child;
};

test('a second daemon on a data folder is refused, and told which process has it, where and since when', async () => {
  const folder = folderOfTest();
  const release = await lockDataDir(folder);
  await expect(lockDataDir(folder)).rejects.toMatchObject({
    code: 'DATA_DIR_LOCKED',
    message: expect.stringMatching(
      new RegExp(`in use by another daemon: process ${process.pid} on ${hostname()}, since 20.*dataDir, KILN_DATA_DIR`),
    ) as string,
    details: { dataDir: folder, pid: process.pid, host: hostname() },
  });
  release();
  release();
  (await lockDataDir(folder))();
});

test('the lock of a process that was killed is free at once, and what it wrote holds nobody back', async () => {
  const folder = folderOfTest();
  const holder = await holding(folder);
  await expect(lockDataDir(folder)).rejects.toMatchObject({ details: { pid: holder.pid } });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(readFileSync(join(folder, 'daemon.lock'), 'utf8')).toContain(`"pid":${holder.pid}`);
  (await lockDataDir(folder))();
  writeFileSync(join(folder, 'daemon.lock'), `{"pid":${process.pid},`);
  (await lockDataDir(folder))();
});

test('a daemon that is suspended keeps its lock', async () => {
  const folder = folderOfTest();
  const holder = await holding(folder);
  holder.kill('SIGSTOP');
  await expect(lockDataDir(folder)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
});

test('a daemon that starts while another one stops waits for it, says so, and takes over', async () => {
  const folder = folderOfTest();
  const holder = await holding(folder);
  const said: string[] = [];
  const release = await lockDataDir(folder, {
    waitMs: HANG_MS,
    onWait: (message) => {
      said.push(message);
      holder.kill('SIGKILL');
    },
  });
  release();
  expect(said).toEqual([expect.stringContaining(`process ${holder.pid} on ${hostname()}`)]);
});

test('no program that a daemon starts and leaves behind keeps its lock', async () => {
  const folder = folderOfTest();
  const release = await lockDataDir(folder);
  const left = spawn('sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => void left.kill('SIGKILL'));
  await once(left, 'spawn');
  release();
  await expect(lockDataDir(folder).then((again) => again())).resolves.toBeUndefined();
});

const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const canUnshare = spawnSync(UNSHARE[0] ?? '', [...UNSHARE.slice(1), 'true']).status === 0;

describe.skipIf(!canUnshare)(`in a process namespace of its own${canUnshare ? '' : ' (skipped: unshare needs root)'}`, () => {
  test('a daemon, as two containers on one volume, holds the lock against those outside, until it is killed', async () => {
    const folder = folderOfTest();
    const container = await holding(folder, UNSHARE);
    // Both are alive, and neither sees the other's number.
    await expect(lockDataDir(folder)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED', details: { pid: 1 } });
    container.kill('SIGKILL');
    await once(container, 'exit');
    (await lockDataDir(folder, { waitMs: HANG_MS }))();
  });
});
