/** An engine over an embedded store and queue of its own, started, for suites that ask it from outside. */
import { rmSync } from 'node:fs';
import { pino } from 'pino';
import type { HostSession } from '../../src/domain/ports/host-session.ts';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import type { LoadedProblem } from '../../src/problems/load-problems.ts';
import { createQueue } from '../../src/queue/queue.ts';
import { openEmbedded } from '../../src/store/pglite.ts';
import { createStore } from '../../src/store/store.ts';
import { databaseFolder } from './database-folder.ts';
import { LENIENT } from './lenient-rules.ts';
import { holderOf } from './servers.ts';

export interface OpenEngine {
  readonly engine: Engine;
  readonly close: () => Promise<void>;
}

export const openEngine = async (
  problems: ReadonlyMap<string, LoadedProblem>,
  sessions: readonly HostSession[] = [],
): Promise<OpenEngine> => {
  const log = pino({ level: 'silent' });
  const folder = databaseFolder();
  const database = await openEmbedded(folder);
  const queue = await createQueue({
    backend: { kind: 'postgres', sql: database.sql },
    store: { id: `store-${'a'.repeat(32)}`, name: 'a store' },
    epoch: 1,
    holder: holderOf('the daemon'),
    leaseMs: 60_000,
    log,
  });
  const store = createStore(database.sql);
  const engine = createEngine({ store, queue, sessions, problems, ...LENIENT, log, now: Date.now });
  await engine.start();
  const close = async (): Promise<void> => {
    await engine.stop();
    await queue.close();
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { engine, close };
};
