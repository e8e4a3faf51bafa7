/**
 * How long the store's and the queue's batches take, and how many candidates a second the whole storage path carries.
 *
 *   node bench/store/batches.ts                                  embedded (PGlite for both), in a temporary folder
 *   node bench/store/batches.ts --postgres URL [--redis URL]     records on a Postgres server; the queue there or on Redis
 *   node bench/store/batches.ts --redis URL                      records embedded, the queue on Redis
 *
 * Every figure is of this run, on a store that holds ROWS_BEFORE candidates already. Commits reach the disk (fsync).
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { attemptIdOf, CandidateId, DeviceId, HostId } from '../../src/domain/ids.ts';
import type { CaseTiming } from '../../src/domain/measurement.ts';
import type { FinishedAttempt } from '../../src/domain/attempt.ts';
import type { Score } from '../../src/domain/ranking/ranking.ts';
import type { Completion, NewCandidate, Transition } from '../../src/domain/ports/store-rows.ts';
import type { Queue } from '../../src/domain/ports/queue.ts';
import type { Store } from '../../src/domain/ports/store.ts';
import { createQueue } from '../../src/queue/queue.ts';
import { readStoreId } from '../../src/store/identity.ts';
import { openEmbedded } from '../../src/store/pglite.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { createStore } from '../../src/store/store.ts';

const ROWS_BEFORE = 20_000;
const INSERT = 1_000;
const ROUNDS = 10;
/** What the engine's recorder collects between two flushes at a few hundred candidates a second. */
const FLUSH = 50;
const PATH_CANDIDATES = 2_000;
const MODEL = 'NVIDIA H100 80GB HBM3';

const host = HostId.parse('box-1');
const deviceId = DeviceId.parse('GPU-0');
const idOf = (number: number): CandidateId =>
  CandidateId.parse(`c-${createHash('sha256').update(`bench ${number}`).digest('hex').slice(0, 32)}`);

const newCandidate = (number: number): NewCandidate => ({
  id: idOf(number),
  submission: {
    content: {
      problem: `problem-${number % 6}`,
      problemVersion: 'v1',
      language: 'cuda',
      source: `// source ${number % 50}\n${'x'.repeat(4_000)}`,
      params: { BLOCK: 32 * (1 + (number % 32)), VEC: 4, UNROLL: number },
      device: 'H100',
      trial: 0,
    },
    priority: 100,
    submitter: `agent-${number % 20}`,
    labels: [],
    sweepId: null,
  },
  outcome: null,
});

const side = { runs: 100, batch: 1, medianNs: 1000, trimmedMeanNs: 1000, minNs: 990, p95Ns: 1010, ciLowNs: 999, ciHighNs: 1001 };
const timings: CaseTiming[] = ['small', 'middle', 'large'].map((name) => ({
  case: name,
  candidate: side,
  baseline: side,
  method: 'paired',
  speedup: 1.5,
  speedupLow: 1.49,
  speedupHigh: 1.51,
}));
const scoreOf = (id: CandidateId): Score => ({
  speedup: 1.5,
  speedupLow: 1.49,
  speedupHigh: 1.51,
  timeNs: 1000,
  floorShare: 0.8,
  deviceModel: MODEL,
  rankKey: 1 + Number.parseInt(id.slice(2, 8), 16) / 2 ** 24,
  confirmed: false,
  method: 'paired',
  judgements: 1,
  pair: null,
});

/** The four moves of a candidate that passes. */
const movesOf = (id: CandidateId): readonly Transition[] => {
  const attemptId = attemptIdOf(id, 1);
  const event = (type: Transition['event']['type']): Transition['event'] => ({
    type,
    candidateId: id,
    hostId: host,
    data: { deviceId },
  });
  return [
    { candidateId: id, state: { status: 'compiling', hostId: host }, event: event('candidate.compiling') },
    { candidateId: id, state: { status: 'ready', hostId: host }, event: event('candidate.ready'), compileLog: '' },
    { candidateId: id, state: { status: 'judging', hostId: host, deviceId, attemptId }, event: event('candidate.judging') },
  ];
};
const attemptOf = (id: CandidateId): FinishedAttempt => ({
  attemptId: attemptIdOf(id, 1),
  hostId: host,
  deviceId,
  deviceModel: MODEL,
  mode: 'screen',
  startedAt: new Date().toISOString(),
  finishedAt: new Date().toISOString(),
  verdict: 'passed',
  infra: null,
  timings,
  phases: { waitedMs: 1, idleGapMs: 0, loadMs: 1, checkMs: 1, measureMs: 15, lockMs: 0, totalMs: 18 },
  telemetry: null,
});
const completionOf = (id: CandidateId): Completion => ({
  candidateId: id,
  outcome: { verdict: 'passed', timings, checkedCases: 3 },
  score: scoreOf(id),
  record: false,
});

let next = 0;
const takeNumbers = (count: number): readonly number[] => Array.from({ length: count }, () => next++);
const insertNew = async (store: Store, count: number): Promise<readonly CandidateId[]> => {
  const batch = takeNumbers(count).map(newCandidate);
  await store.insertCandidates(batch);
  return batch.map(({ id }) => id);
};

/** Median and worst of ROUNDS. `prepare` is not timed. */
const measure = async <T>(name: string, prepare: () => Promise<T>, work: (prepared: T) => Promise<unknown>): Promise<void> => {
  const times: number[] = [];
  const cpu: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const prepared = await prepare();
    const started = performance.now();
    const cpuBefore = process.cpuUsage();
    await work(prepared);
    times.push(performance.now() - started);
    cpu.push(cpuMs(cpuBefore));
  }
  console.log(`${name.padEnd(36)} ${shown(median(times))}   worst ${shown(Math.max(...times))}   CPU ${shown(median(cpu))}`);
};

const shown = (ms: number): string => `${ms.toFixed(1).padStart(7)} ms`;

const median = (values: readonly number[]): number =>
  values.toSorted((one, two) => one - two)[Math.floor(values.length / 2)] ?? 0;

/** Of this process, all threads. On a machine that does other things too it says more than the clock. */
const cpuMs = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

const measureStore = async (store: Store): Promise<void> => {
  const fresh = (count: number) => async () => insertNew(store, count);
  await measure(
    `insertCandidates(${INSERT}), 4 KB sources`,
    async () => takeNumbers(INSERT).map(newCandidate),
    async (batch) => store.insertCandidates(batch),
  );
  await measure('writeTransitions(200)', fresh(200), async (ids) =>
    store.writeTransitions(ids.flatMap((id) => movesOf(id).slice(0, 1))),
  );
  await measure('writeAttempts(100)', fresh(100), async (ids) => store.writeAttempts(ids.map(attemptOf)));
  await measure('complete(100)', fresh(100), async (ids) => store.complete(ids.map(completionOf)));
  await measure('pending(500)', fresh(500), async (ids) => store.pending(ids));
  await measure('candidates(page of 50)', fresh(1), async () => store.candidates({ limit: 50, problem: 'problem-1' }));
  await measure('ranking(50)', fresh(1), async () => store.ranking({ problem: 'problem-1', problemVersions: ['v1'], limit: 50 }));
  await measure('backlog()', fresh(1), async () => store.backlog());
};

const jobs = (count: number) => async () => takeNumbers(count).map((number) => ({ candidateId: idOf(number), priority: 100 }));

const measureQueue = async (queue: Queue): Promise<void> => {
  const added = (count: number) => async () => {
    await queue.add(await jobs(count)());
  };
  const leased = (count: number) => async () => {
    await added(count)();
    return (await queue.lease(count)).map(({ candidateId }) => candidateId);
  };
  await measure('queue.add(1000)', jobs(1_000), async (batch) => queue.add(batch));
  await queue.complete((await queue.lease(ROUNDS * 1_000)).map(({ candidateId }) => candidateId));
  await measure('queue.lease(200)', added(200), async () => queue.lease(200));
  await measure('queue.complete(200)', leased(200), async (ids) => queue.complete(ids));
};

const perSecond = (ms: number): string => `${((PATH_CANDIDATES / ms) * 1000).toFixed(0)} candidates`;

/** Everything that the storage does for a candidate, in flushes as the recorder makes them, one flush after the other. */
const measurePath = async (store: Store, queue: Queue): Promise<void> => {
  const started = performance.now();
  const cpuBefore = process.cpuUsage();
  for (let done = 0; done < PATH_CANDIDATES; done += FLUSH) {
    const ids = await insertNew(store, FLUSH);
    await queue.add(ids.map((candidateId) => ({ candidateId, priority: 100 })));
    const leased = (await queue.lease(FLUSH)).map(({ candidateId }) => candidateId);
    await store.together(async (writes) => {
      await writes.writeTransitions(leased.flatMap(movesOf));
      await writes.writeAttempts(leased.map(attemptOf));
      await writes.complete(leased.map(completionOf));
    });
    await queue.complete(leased);
  }
  const wallMs = performance.now() - started;
  console.log(
    `whole storage path, flushes of ${FLUSH}: ${perSecond(wallMs)} a second, ${perSecond(cpuMs(cpuBefore))} a second of CPU`,
  );
};

const { values: options } = parseArgs({ options: { postgres: { type: 'string' }, redis: { type: 'string' } } });
const folder = mkdtempSync(join(tmpdir(), 'kiln-bench-'));
const database = options.postgres === undefined ? await openEmbedded(folder) : await openPostgres(options.postgres);
const store: Store = createStore(database.sql);
const queue: Queue = await createQueue({
  store: { id: await readStoreId(database.sql), name: 'bench' },
  epoch: 1,
  holder: { daemonId: 'bench', host: 'bench', pid: process.pid, since: new Date().toISOString() },
  backend: options.redis === undefined ? { kind: 'postgres', sql: database.sql } : { kind: 'redis', url: options.redis },
  leaseMs: 60_000,
  log: { info: () => {}, warn: (facts, message) => console.error(message, facts) },
  name: `bench-${process.pid}`,
});
const records = options.postgres === undefined ? 'PGlite' : 'Postgres';
const jobsOn = options.redis === undefined ? records : 'Redis';
console.log(
  `records on ${records}, queue on ${jobsOn}, Node ${process.version}, ${availableParallelism()} cores, ${ROWS_BEFORE} rows before`,
);
try {
  for (let rows = 0; rows < ROWS_BEFORE; rows += INSERT) await insertNew(store, INSERT);
  await measureStore(store);
  await measureQueue(queue);
  await measurePath(store, queue);
} finally {
  await queue.close();
  await database.close();
  rmSync(folder, { recursive: true, force: true });
}
