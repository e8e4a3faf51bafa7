import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockDataDir } from '../../../src/store/data-dir-lock.ts';
import { openEmbedded } from '../../../src/store/pglite.ts';
import { createStore } from '../../../src/store/store.ts';
import { candidate } from '../../support/builders.ts';
import { databaseFolder } from '../../support/database-folder.ts';
import { printed } from '../../support/servers.ts';

const folderOfTest = (): string => {
  const folder = databaseFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

test('a data folder that is open is refused to a second daemon, and free once it is closed, also after a kill', async () => {
  const folder = folderOfTest();
  const script = `import { openEmbedded } from ${JSON.stringify(join(import.meta.dirname, '../../../src/store/pglite.ts'))};
    const { sql } = await openEmbedded(${JSON.stringify(folder)}); await sql.script('create table kept (n int)');
    console.log('open'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await printed(child, 'open');
  await expect(openEmbedded(folder)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED', details: { pid: child.pid } });
  child.kill('SIGKILL');
  await once(child, 'exit');
  for (let life = 0; life < 2; life += 1) {
    const database = await openEmbedded(folder);
    expect(await database.sql.query('select count(*)::integer as count from kept')).toEqual([{ count: 0 }]);
    await database.close();
  }
});

test('that a database is made is told where there was none, and at no later start', async () => {
  const dataDir = join(folderOfTest(), 'new');
  let made = 0;
  const onMake = (): void => void (made += 1);
  await (await openEmbedded(dataDir, { onMake })).close();
  await (await openEmbedded(dataDir, { onMake })).close();
  expect(made).toBe(1);
});

test('every commit reaches the disk before it is acknowledged', async () => {
  const database = await openEmbedded(folderOfTest());
  const store = createStore(database.sql);
  onTestFinished(async () => database.close());
  expect(
    await database.sql.query(`select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit`),
  ).toEqual([{ fsync: 'on', commit: 'on' }]);
  const original = fs.fdatasyncSync;
  let syncs = 0;
  fs.fdatasyncSync = (descriptor) => {
    syncs += 1;
    original(descriptor);
  };
  syncBuiltinESMExports();
  onTestFinished(() => {
    fs.fdatasyncSync = original;
    syncBuiltinESMExports();
  });
  const COMMITS = 5;
  for (let commit = 1; commit <= COMMITS; commit += 1) {
    await store.insertCandidates([candidate(commit)]);
    expect(syncs).toBeGreaterThanOrEqual(commit);
  }
});

test('what is asked of a closed database is refused, and the schema of an unknown future too', async () => {
  const folder = folderOfTest();
  const database = await openEmbedded(folder);
  await database.sql.query(`insert into kiln.migrations (version, name, hash) values (9999, '9999_future.sql', '')`);
  await database.close();
  await database.close();
  await expect(createStore(database.sql).lastSequence()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await expect(openEmbedded(folder)).rejects.toThrow(/newer than this Kiln/);
  (await lockDataDir(folder))();
});
