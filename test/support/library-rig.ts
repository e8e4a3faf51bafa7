/** The room of the engine that has library programs timed: with a scheduler of its own, hosts that the test makes, and a store in memory. */
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import type { CandidateId } from '../../src/domain/ids.ts';
import { ContentHash, DeviceId, HostId } from '../../src/domain/ids.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { HostSession } from '../../src/domain/ports/host-session.ts';
import type { LibraryRunRow, NewCandidate } from '../../src/domain/ports/store-rows.ts';
import type { Device } from '../../src/domain/device.ts';
import type { Environment } from '../../src/domain/environment.ts';
import { createBundles } from '../../src/engine/compiling/bundles.ts';
import { type HostState, newConnection } from '../../src/engine/host-state.ts';
import { createHost } from '../../src/engine/hosts/create-host.ts';
import { factsOf } from '../../src/engine/hosts/host-facts.ts';
import { createLibraries } from '../../src/engine/libraries/libraries.ts';
import { createLibraryRuns } from '../../src/engine/libraries/runs.ts';
import { libraryView } from '../../src/engine/libraries/view.ts';
import type { LibrariesSlice } from '../../src/engine/state.ts';
import { loadProblem, type LoadedProblem, problemOfDocument } from '../../src/problems/load-problems.ts';
import type { Task } from '../../src/scheduler/events.ts';
import { createScheduler, handle } from '../../src/scheduler/scheduler.ts';
import { LENIENT } from './lenient-rules.ts';
import { MODEL } from './scripted-host-session.ts';
import { INVENTORY } from './scripted-runner.ts';
import { TORCH } from './torch-environment.ts';

/** What a look waits for. */
const LOOK_MS = 5000;
/** Of promises that hang on nothing outside. */
const TURNS = 8;
const scale = loadProblem('test/fixtures/problems/scale');
export const SIDE = { file: 'library.py', symbol: 'run', style: 'function' } as const;

/** The problem `scale` under another name, with a library program that says so; `gpu`: what else it has. */
export const problemWithLibrary = (name: string, gpu: object = {}, program = `# ${name}`): LoadedProblem => {
  const { problem, readme, files } = scale;
  const loaded = problemOfDocument({
    problem: { ...problem, name, gpu: { ...problem.gpu, library: SIDE, ...gpu } },
    readme,
    files: { ...files, 'library.py': program },
  });
  if (!loaded) throw new Error(`${name} does not load`);
  return loaded;
};

const gpu = (host: string, model: string): Device => ({
  id: DeviceId.parse(`GPU-${host}`),
  kind: 'gpu',
  model,
  architecture: 'sm_90a',
  memoryBytes: 8e10,
  multiprocessors: 132,
  l2Bytes: 5e7,
  copyBytesPerSecond: null,
  unavailable: null,
});

export interface RigHost {
  readonly environments?: readonly Environment[];
  readonly model?: string;
  readonly driver?: string;
}

export class LibraryRig {
  nowMs = 0;
  isStoreAway = false;
  readonly submitted: NewCandidate[] = [];
  readonly queued: { readonly candidateId: CandidateId; readonly priority: number }[] = [];
  readonly cancelled: CandidateId[] = [];
  /** What the store was asked for. */
  readonly read: Parameters<LibrariesSlice['store']['libraryRuns']>[0][] = [];
  /** Of H100, in the store and not leased yet. */
  unleased = 0;
  readonly problems = new Map<string, LoadedProblem>();
  readonly state: LibrariesSlice;
  readonly #hosts = new Map<HostId, HostState>();
  readonly #core = createScheduler();
  readonly #rows = new Map<CandidateId, LibraryRunRow>();
  readonly #libraries;

  constructor(libraryTimes = true) {
    const state: Partial<LibrariesSlice> = {
      log: pino({ level: 'silent' }),
      monotonicMs: () => this.nowMs,
      rules: { ...LENIENT.rules, libraryTimes },
      hosts: this.#hosts,
      problems: this.problems,
      core: this.#core,
      queue: { add: async (jobs: typeof this.queued) => void this.queued.push(...jobs) } as unknown as LibrariesSlice['queue'],
      wake: () => undefined,
      notify: () => undefined,
      onUnqueued: () => undefined,
      isRunning: () => true,
      libraryRuns: createLibraryRuns(),
      store: {
        insertCandidates: async (batch) => this.#insert(batch),
        reopen: async (ids) =>
          this.#change(ids, (row) => ({ state: { status: 'queued' }, asked: row.asked + 1, isObsolete: false })),
        markObsoleteRuns: async (ids) => void (await this.#change(ids, () => ({ isObsolete: true }))),
        libraryRuns: async (wish) => {
          this.read.push(wish);
          const rows = [...this.#rows.values()].filter(({ id }) => !('ids' in wish) || wish.ids.includes(id));
          return Promise.resolve(rows.toReversed());
        },
        backlog: async () =>
          Promise.resolve({ rows: [{ device: 'H100', submitter: 'ada', count: this.unleased }], oldestSubmittedAtMs: null }),
      },
    };
    this.state = state as LibrariesSlice;
    this.#libraries = createLibraries(this.state, async (id) => this.cancel(id));
  }

  has(...problems: readonly LoadedProblem[]): this {
    for (const loaded of problems) this.problems.set(loaded.problem.name, loaded);
    return this;
  }

  /** Connected, with one GPU. */
  host(name: string, { environments = [TORCH], model = MODEL, driver = '580.1' }: RigHost = {}): HostState {
    const session = { hostId: HostId.parse(name), labels: [], roundTripMs: 1 } as Partial<HostSession> as HostSession;
    const devices = [gpu(name, model)];
    const host: HostState = {
      ...createHost(session, createBundles()),
      connection: newConnection([]),
      runnerId: 'r',
      inventory: { ...INVENTORY, languages: ['cuda'], driver, devices, environments: [...environments] },
      devices,
    };
    this.#hosts.set(session.hostId, host);
    const attempts = { queued: [], running: [], finished: [] };
    handle(this.#core, { type: 'host-up', host: factsOf({ eventLoopDelayMs: () => 0 }, host), attempts }, this.nowMs);
    return host;
  }

  /** A candidate of somebody else, in the scheduler's hands. */
  task(task: Task): void {
    handle(this.#core, { type: 'task-added', task }, this.nowMs);
  }

  /** Its device has it, and nothing else waits. */
  judging(task: Task, { session: { hostId } }: HostState): void {
    this.task(task);
    const result = { status: 'compiled', artifact: ContentHash.parse('e'.repeat(64)) } as const;
    handle(this.#core, { type: 'compiled', id: task.id, hostId, result }, this.nowMs);
  }

  /** Two in a row find out what is idle. */
  async looks(count = 2): Promise<readonly string[]> {
    for (let look = 0; look < count; look += 1) {
      this.nowMs += LOOK_MS;
      this.#libraries.onTick();
      for (let left = TURNS; left > 0; left -= 1) await turn();
    }
    return this.submitted.map(({ submission }) => submission.content.problem);
  }

  /** Of the n-th that was submitted. */
  async judged(n: number, outcome: Outcome, isByAnswers = false): Promise<void> {
    const id = this.submitted[n]?.id;
    const row = id && this.#rows.get(id);
    if (!row) throw new Error(`there is no run ${n}`);
    this.#rows.set(row.id, { ...row, isByAnswers, state: { status: 'done', outcome, finishedAt: this.#now() } });
    this.#libraries.onVerdicts([row.id]);
    for (let left = TURNS; left > 0; left -= 1) await turn();
  }

  /** As the steering does it of one that waits in the queue: nobody else is told. */
  async cancel(id: CandidateId): Promise<void> {
    this.cancelled.push(id);
    await this.#change([id], () => ({ state: { status: 'done', outcome: { verdict: 'cancelled' }, finishedAt: this.#now() } }));
  }

  view(problem: string) {
    const loaded = this.problems.get(problem);
    if (!loaded) throw new Error(`there is no problem ${problem}`);
    return libraryView(this.state, loaded);
  }

  #now(): string {
    return new Date(this.nowMs).toISOString();
  }

  async #change(
    ids: readonly CandidateId[],
    change: (row: LibraryRunRow) => Partial<LibraryRunRow>,
  ): Promise<readonly CandidateId[]> {
    for (const id of ids) {
      const row = this.#rows.get(id);
      if (row) this.#rows.set(id, { ...row, ...change(row) });
    }
    return Promise.resolve(ids);
  }

  async #insert(batch: readonly NewCandidate[]) {
    if (this.isStoreAway) return Promise.reject(new Error('the store is away'));
    const known = batch.map(({ id }) => this.#rows.get(id)?.state ?? null);
    this.submitted.push(...batch);
    for (const { id, submission } of batch) {
      const { problem, problemVersion, device, library, program } = submission.content;
      if (!library || !program?.environmentKey) throw new Error('no run of a library');
      const { environmentKey } = program;
      const work = { problem, problemVersion, device, key: library, environmentKey };
      const row = { id, ...work, state: { status: 'queued' as const }, isByAnswers: false, asked: 1, isObsolete: false };
      this.#rows.set(id, this.#rows.get(id) ?? row);
    }
    return Promise.resolve(known.map((state) => ({ known: state !== null, state: state ?? { status: 'queued' as const } })));
  }
}
