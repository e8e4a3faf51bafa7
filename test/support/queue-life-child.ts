/**
 * One life of a daemon's storage, as a process of its own: takes candidates in, leases and completes them, and tells each step once it is
 * acknowledged. `crash`: goes on until it is killed. `exit`: a few rounds, closes everything twice, and must end by itself.
 * Arguments: mode, data folder, queue backend ("embedded", or a Redis URL), a number that makes this life's ids its own.
 */
import { writeSync } from 'node:fs';
import type { CandidateId } from '../../src/domain/ids.ts';
import { QUEUE_NAME } from '../../src/queue/backend.ts';
import { endingJobs } from '../../src/queue/postgres-backend.ts';
import { createQueue, tokenOf } from '../../src/queue/queue.ts';
import { readStoreId } from '../../src/store/identity.ts';
import { openEmbedded } from '../../src/store/pglite.ts';
import { createStore } from '../../src/store/store.ts';
import { candidate, passed, score } from './builders.ts';
import { epochOf, queueOn } from './servers.ts';

const [mode = 'exit', folder = '', backend = 'embedded', life = '0'] = process.argv.slice(2);
const ROUNDS_OF_EXIT = 3;
const BATCH = 5;

/** Written to the pipe before the next step begins: what the parent reads was acknowledged. */
const tell = (what: string, ids: readonly CandidateId[]): void => {
  writeSync(1, `${what} ${ids.join(' ')}\n`);
};

const database = await openEmbedded(folder);
const storeId = await readStoreId(database.sql);
const store = createStore(
  database.sql,
  backend === 'embedded' ? { withFinal: endingJobs(QUEUE_NAME, tokenOf({ id: storeId })) } : {},
);
const queue = await createQueue({
  backend: backend === 'embedded' ? { kind: 'postgres', sql: database.sql } : queueOn({ url: backend }),
  store: { id: storeId, name: folder },
  ...(await epochOf(database.sql, folder)),
  leaseMs: 60_000,
  log: { info: () => {}, warn: () => {} },
});

const round = async (number: number): Promise<void> => {
  const batch = Array.from({ length: BATCH }, (_, index) => candidate(`${life}.${number}.${index}`));
  const added = batch.map(({ id }) => id);
  await store.insertCandidates(batch);
  await queue.add(added.map((candidateId) => ({ candidateId, priority: 100 })));
  tell('added', added);
  const leased = (await queue.lease(BATCH - 1)).map(({ candidateId }) => candidateId);
  tell('leased', leased);
  const finished = leased.slice(1);
  await store.complete(finished.map((candidateId) => ({ candidateId, outcome: passed, score: score(1), record: false })));
  tell('completed', finished);
  await queue.complete(finished);
  tell('ended', finished);
};

tell('ready', []);
const rounds = mode === 'crash' ? Infinity : ROUNDS_OF_EXIT;
for (let number = 0; number < rounds; number += 1) await round(number);
await Promise.all([queue.close(), queue.close()]);
await Promise.all([database.close(), database.close()]);
tell('closed', []);
