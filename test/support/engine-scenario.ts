/**
 * One scenario of an engine: a real store and queue (embedded), scripted hosts, a clock that stands still. Whatever the hosts are sent must be
 * expected, in order, before the scenario ends.
 */
import { deepEqual } from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { SubmitCandidate } from '../../src/domain/api/candidates.ts';
import type { RankingView } from '../../src/domain/api/problems.ts';
import { type AttemptId, type CandidateId, attemptIdOf } from '../../src/domain/ids.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { InfraFailure } from '../../src/domain/infra-failure.ts';
import type { Candidate } from '../../src/domain/candidate.ts';
import type { RankingClass } from '../../src/domain/ranking/ranking.ts';
import type { JudgingRules } from '../../src/engine/deps.ts';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import type { Queue } from '../../src/domain/ports/queue.ts';
import { loadProblems, type ReadProblems } from '../../src/problems/load-problems.ts';
import { createQueue } from '../../src/queue/queue.ts';
import { type OpenDatabase, openEmbedded } from '../../src/store/pglite.ts';
import { createStore, type SqlStore } from '../../src/store/store.ts';
import { databaseFolder } from './database-folder.ts';
import { holderOf } from './servers.ts';
import { LENIENT } from './lenient-rules.ts';
import { type Held, StoreGate } from './store-gate.ts';
import { ScriptedHostSession } from './scripted-host-session.ts';
import { HANG_MS } from './limits.ts';

const TABLES =
  'holds, bookings, candidates, sources, attempts, journal, sweeps, sweep_points, records, profiles, backlog, canaries, failed_pairs, problem_versions';
const PROBLEM = 'scale';
const problems = loadProblems(join(import.meta.dirname, '../fixtures/problems'));
const OWNER = { id: `store-${'e'.repeat(32)}`, name: 'the scenario' };
let queues = 0;

/** Opens one embedded database for the scenarios of a test file. */
export const scenarios = () => {
  const folder = databaseFolder();
  let database: OpenDatabase;
  beforeAll(async () => {
    database = await openEmbedded(folder);
  });
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  /** `hosts`: how many GPUs each has. They are not connected yet. */
  const start = async (
    hosts: Readonly<Record<string, number>>,
    rules: Rules = {},
    readAgain: Setting['readAgain'] = null,
  ): Promise<EngineScenario> => {
    await database.sql.script(`truncate ${TABLES.replaceAll(/\w+/gu, 'kiln.$&')} restart identity`);
    return EngineScenario.open(database, { hosts, rules, readAgain });
  };
  const oneHost = async (gpus = 1, rules: Rules = {}): Promise<EngineScenario> => {
    const scenario = await start({ box: gpus }, rules);
    await scenario.connect();
    return scenario;
  };
  return { start, oneHost };
};

/** What differs from LENIENT. */
type Rules = Partial<JudgingRules>;

interface Setting {
  readonly hosts: Readonly<Record<string, number>>;
  readonly rules: Rules;
  /** Problems that a test changes; null: those of the fixtures, for ever. */
  readonly readAgain: (() => ReadProblems) | null;
}

/** One life of the daemon. */
interface Life {
  readonly engine: Engine;
  readonly queue: Queue;
  readonly store: SqlStore;
  readonly gate: StoreGate;
}

export class EngineScenario {
  /** By name. The sessions are new in each life of the daemon. */
  hosts: Readonly<Record<string, ScriptedHostSession>> = {};
  nowMs = Date.parse('2026-01-01T00:00:00.000Z');
  readonly #database: OpenDatabase;
  readonly #setting: Setting;
  readonly #queueName: string;
  readonly #ids = new Map<string, CandidateId>();
  /** Frames not expected yet. */
  #unread: string[] = [];
  #onNews = (): void => undefined;
  #life: Life | null = null;
  #active = 0;

  constructor(database: OpenDatabase, setting: Setting, queueName: string) {
    this.#database = database;
    this.#setting = setting;
    this.#queueName = queueName;
  }

  static async open(database: OpenDatabase, setting: Setting): Promise<EngineScenario> {
    queues += 1;
    const scenario = new EngineScenario(database, setting, `scenario-${queues}`);
    await scenario.begin();
    onTestFinished(async () => scenario.close());
    return scenario;
  }

  /** The daemon starts, over what is in the store and the queue. */
  async begin(rules: Rules = {}): Promise<void> {
    this.#active += 1;
    const gate = new StoreGate();
    const store = gate.of(createStore(this.#database.sql, { now: () => this.nowMs }), () => this.#onNews());
    const log = pino({ level: 'silent' });
    const backend = { kind: 'postgres', sql: this.#database.sql } as const;
    const holder = holderOf('the daemon');
    const queue = await createQueue({
      backend,
      name: this.#queueName,
      store: OWNER,
      epoch: this.#active,
      holder,
      leaseMs: 60_000,
      log,
    });
    this.hosts = Object.fromEntries(Object.entries(this.#setting.hosts).map(([name, gpus]) => [name, this.newHost(name, gpus)]));
    const clocks = { now: () => this.nowMs, monotonicMs: () => this.nowMs };
    const { readAgain } = this.#setting;
    const given = { ...LENIENT.rules, ...this.#setting.rules, ...rules };
    const engine = createEngine({
      store,
      queue,
      sessions: Object.values(this.hosts),
      problems: readAgain ? readAgain().problems : problems,
      ...(readAgain && { readProblems: readAgain }),
      ...LENIENT,
      rules: given,
      log,
      ...clocks,
    });
    this.#life = { engine, queue, store, gate };
    engine.kiln.onEvents(() => this.#onNews());
    await engine.start();
  }

  /** Resolves once the engine counts it as connected. */
  async connect(host = this.host): Promise<void> {
    host.connect();
    await this.until(async () => (await this.kiln.fleet()).hosts.find(({ name }) => name === host.hostId)?.state === 'connected');
  }

  /** One that the engine does not have yet. */
  newHost(name: string, gpus: number): ScriptedHostSession {
    return new ScriptedHostSession(name, gpus, { said: this.#said, nameOfSource, nameOfId: this.#nameOfId });
  }

  /** Nothing that is not committed yet ever is. */
  async crash(): Promise<void> {
    const { engine, queue, gate } = this.#alive;
    gate.kill();
    this.#life = null;
    await engine.stop();
    await queue.close();
  }

  /** What a crash does that comes before the leases have reached the disk. */
  async loseLeases(): Promise<void> {
    await this.#database.sql.query('update kiln.jobs set leased_by = null, leased_until_ms = null where queue = $1', [
      this.#queueName,
    ]);
  }

  async stop(): Promise<void> {
    const { engine, queue, gate } = this.#alive;
    gate.release();
    this.#life = null;
    await engine.stop();
    await queue.close();
  }

  async close(): Promise<void> {
    if (this.#life) await this.stop();
    deepEqual(this.#unread, [], 'every frame is expected');
  }

  get control(): Engine['hosts'] {
    return this.#alive.engine.hosts;
  }

  get kiln(): Engine['kiln'] {
    return this.#alive.engine.kiln;
  }

  get access(): Engine['hosts'] {
    return this.#alive.engine.hosts;
  }

  /** The one host of a scenario that has one. */
  get host(): ScriptedHostSession {
    return this.at(Object.keys(this.hosts)[0] ?? '');
  }

  at(name: string): ScriptedHostSession {
    const host = this.hosts[name];
    if (!host) throw new Error(`there is no host ${name}`);
    return host;
  }

  async submit(n: number, changes: Partial<SubmitCandidate> = {}): Promise<void> {
    const body = { problem: PROBLEM, device: 'H100', language: 'cuda', source: sourceOf(n), ...changes };
    const { candidates } = await this.kiln.submit([SubmitCandidate.parse(body)]);
    const [candidate] = candidates;
    if (candidate) this.#ids.set(String(n), candidate.id);
  }

  /** One that the engine submitted for itself. */
  name(n: number, id: CandidateId): void {
    this.#ids.set(String(n), id);
  }

  /** Its one host has compiled it, and screens it. */
  async judging(n: number): Promise<void> {
    await this.submit(n);
    await this.skipTo(`${this.host.hostId}: compile ${n}`);
    this.host.compiled(n);
    await this.skipTo(`${this.host.hostId}: judge ${n}.1 screen`);
  }

  async cancel(n: number): Promise<void> {
    await this.kiln.cancel(this.id(n));
  }

  /** By the device that its host was told. */
  judged(n: number, attempt: number, result: Outcome | InfraFailure, at = this.host): void {
    at.judged(this.attempt(n, attempt), result);
  }

  numberOf(id: CandidateId): string {
    return this.#nameOfId(id);
  }

  id(n: number): CandidateId {
    const id = this.#ids.get(String(n));
    if (!id) throw new Error(`candidate ${n} was not submitted`);
    return id;
  }

  attempt(n: number, attempt: number): AttemptId {
    return attemptIdOf(this.id(n), attempt);
  }

  /** Resolves when somebody waits there. */
  async hold(where: Held): Promise<void> {
    return this.#alive.gate.hold(where);
  }

  release(): void {
    this.#alive.gate.release();
  }

  /** What is held fails, once. */
  fail(): void {
    this.#alive.gate.fail();
  }

  /**
   * All frames since the last call, and no other, as soon as there are so many. Acknowledgements come with commits: their place among other
   * frames is a matter of luck.
   */
  async expect(...lines: readonly string[]): Promise<void> {
    await this.#until(
      () => this.#unread.length >= lines.length,
      () => `only ${JSON.stringify(this.#unread)} of ${lines.join(', ')}`,
    );
    deepEqual(acksLast(this.#unread.splice(0)), acksLast(lines));
  }

  /** Frames of the set-up that another scenario covers, up to this one. */
  async skipTo(line: string): Promise<void> {
    await this.#until(
      () => this.#unread.includes(line),
      () => `no "${line}", only ${JSON.stringify(this.#unread)}`,
    );
    this.#unread.splice(0, this.#unread.indexOf(line) + 1);
  }

  /** Frames that nobody looks at. */
  async skipAll(): Promise<void> {
    await this.stop();
    this.#unread = [];
  }

  /** Looks whenever something was said or committed. */
  async until(condition: () => Promise<boolean>): Promise<void> {
    await this.#until(condition, () => 'it did not come true');
  }

  /** As it is written once its last entry in the journal is `type`. */
  async after(n: number, type: string): Promise<Candidate> {
    let last: string | undefined;
    const isThere = async (): Promise<boolean> => {
      last = (await this.history(n)).at(-1);
      return last === `candidate.${type}`;
    };
    await this.#until(isThere, () => `candidate ${n} is not "${type}" but "${last}"`);
    return this.kiln.candidate(this.id(n));
  }

  /** Committed, in order. */
  async history(n: number): Promise<readonly string[]> {
    const events = await this.kiln.events({ after: 0, limit: 1000, candidateId: this.id(n) });
    return events.map(({ type }) => type);
  }

  async ranking(ofClass: RankingClass = 'device'): Promise<RankingView['models'][number]['entries']> {
    const { models } = await this.kiln.ranking(PROBLEM, { limit: 10, class: ofClass });
    return models[0]?.entries ?? [];
  }

  /** How many candidates have a job in the queue, waiting or leased. */
  async jobs(...numbers: readonly number[]): Promise<readonly number[]> {
    const missing = new Set(await this.#alive.queue.missing(numbers.map((n) => this.id(n))));
    return numbers.filter((n) => !missing.has(this.id(n)));
  }

  get #alive(): Life {
    if (!this.#life) throw new Error('the daemon is not there');
    return this.#life;
  }

  readonly #said = (line: string): void => {
    this.#unread.push(line);
    this.#onNews();
  };

  readonly #nameOfId = (id: string): string => [...this.#ids].find(([, known]) => known === id)?.[0] ?? 'canary';

  /** Looks whenever something was said or committed. */
  async #until(condition: () => boolean | Promise<boolean>, otherwise: () => string): Promise<void> {
    const deadlineMs = performance.now() + HANG_MS;
    for (;;) {
      const news = Promise.withResolvers<void>();
      this.#onNews = news.resolve;
      if (await condition()) return;
      const late = setTimeout(news.resolve, deadlineMs - performance.now());
      await news.promise;
      clearTimeout(late);
      if (performance.now() >= deadlineMs) throw new Error(`after ${HANG_MS} ms: ${otherwise()}`);
    }
  }
}

const acksLast = (lines: readonly string[]): readonly string[] =>
  [false, true].flatMap((isAck) => lines.filter((line) => line.includes(': ack ') === isAck));

const sourceOf = (n: number): string => `/* kiln
params: {NUMBER: ${n}}
launch:
  - {kernel: scale, grid: [ceil_div(n, 256)], block: [256], args: [x, y, factor, n]}
*/
extern "C" __global__ void scale(const float* x, float* y, float factor, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = x[i] * factor;
}
`;

/** Its number; `canary`: the problem's own code under a mark. A mark of a candidate's code does not change its name. */
const nameOfSource = (source: string): string => /NUMBER: (\d+)/u.exec(source)?.[1] ?? 'canary';
