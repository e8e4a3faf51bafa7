import { rmSync } from 'node:fs';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import type { Kiln } from '../../../src/domain/ports/kiln.ts';
import { createEngine } from '../../../src/engine/engine.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { loadProblems } from '../../../src/problems/load-problems.ts';
import { createQueue } from '../../../src/queue/queue.ts';
import { openEmbedded } from '../../../src/store/pglite.ts';
import { createStore } from '../../../src/store/store.ts';
import { createFakeFleetControl } from '../../support/server/fake-fleet-control.ts';
import { createFakeKiln } from '../../support/server/fake-kiln.ts';
import { LENIENT } from '../../unit/engine/lenient-rules.ts';
import { holderOf, temporaryFolder } from '../../support/servers.ts';
import { describeKiln } from './kiln.conformance.ts';

const log = pino({ level: 'silent' });
const folder = temporaryFolder();
const closers: (() => Promise<void>)[] = [];
let engine: Engine;

beforeAll(async () => {
  const database = await openEmbedded(folder);
  closers.push(async () => database.close());
  const queue = await createQueue({
    backend: { kind: 'postgres', pool: database.pool },
    store: { id: `store-${'a'.repeat(32)}`, name: 'a store' },
    epoch: 1,
    holder: holderOf('the daemon'),
    leaseMs: 60_000,
    log,
  });
  closers.push(async () => queue.close());
  const store = createStore(database.sql);
  engine = createEngine({ store, queue, sessions: [], problems: loadProblems('kernels'), ...LENIENT, log, now: Date.now });
  closers.push(async () => engine.stop());
  await engine.start();
});

afterAll(async () => {
  for (const close of closers.toReversed()) await close();
  rmSync(folder, { recursive: true, force: true });
});

describeKiln(
  'the engine',
  (): Kiln => ({
    ...engine.kiln,
    fleetControl: createFakeFleetControl(),
    notReady: async () => Promise.resolve(engine.kiln.notReady()),
  }),
);

const fake = createFakeKiln();
describeKiln('the one in memory', () => fake);
