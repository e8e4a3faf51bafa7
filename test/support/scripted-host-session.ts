/**
 * A host whose runner is the test (held to the suite of every host session, test/integration/gpu/host-session.conformance.ts): every frame it is sent becomes a line of the scenario (an `ack` one for each attempt: how many
 * share a frame is a matter of luck), and it answers when the test says so. Candidates
 * are named by their number (`EngineScenario.submit`), a problem's own code by its file.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { DeviceReading, HostReading } from '../../src/domain/hosts/reading.ts';
import { AttemptId, candidateIdOf, ContentHash, DeviceId, hashOf, HostId } from '../../src/domain/ids.ts';
import { KilnError } from '../../src/domain/errors.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Telemetry } from '../../src/domain/measurement.ts';
import { FromRunner } from '../../src/domain/protocol.ts';
import type { InfraFailure } from '../../src/domain/infra-failure.ts';
import type { CompileResult, CompileUnit, Inventory, JudgeTask, ProblemDefinition } from '../../src/domain/protocol.ts';
import type { RecordUnit } from '../../src/domain/program-unit.ts';
import type { Bundle, HostEvent, HostSession } from '../../src/domain/ports/host-session.ts';
import { INVENTORY } from './scripted-runner.ts';

export const MODEL = 'NVIDIA H100 80GB HBM3';
export const COMPILER = 'NVRTC 13.0';
const GPU = { kind: 'gpu', model: MODEL, architecture: 'sm_90a', memoryBytes: 8e10, multiprocessors: 132, l2Bytes: 5e7 } as const;
const PHASES = { waitedMs: 0, idleGapMs: 0, loadMs: 1, checkMs: 1, measureMs: 1, lockMs: 0, totalMs: 3 };
const TELEMETRY = { smClockMhz: 1980, memoryClockMhz: 2619, powerW: 300, temperatureC: 54, throttleReasons: ['sw_power_cap'] };

const HEALTHY: Omit<DeviceReading, 'deviceId'> = {
  lost: null,
  ...TELEMETRY,
  ecc: { volatileCorrected: 0, volatileUncorrected: 0, aggregateCorrected: 3, aggregateUncorrected: 1 },
  remappedRows: { correctable: 0, uncorrectable: 1, pending: false, failed: false },
  xids: [],
  foreign: null,
};

/** What the scenario is told, and how it names what is in a frame. */
export interface Listening {
  readonly said: (line: string) => void;
  /** "1", or the file of a problem's own code: by what a source holds. */
  readonly nameOfSource: (source: string) => string;
  readonly nameOfId: (id: string) => string;
}

interface Hello {
  /** Another runner than before: it holds nothing. */
  readonly runnerId?: string;
  readonly running?: readonly AttemptId[];
  readonly finished?: readonly AttemptId[];
  readonly inventory?: Partial<Inventory>;
  readonly unavailable?: string;
}

export class ScriptedHostSession implements HostSession {
  readonly hostId: HostId;
  readonly labels = [];
  readonly transport = 'ssh';
  readonly address = 'scripted';
  inventory: Inventory | null = null;
  /** The last problem that it was told of. */
  defined: ProblemDefinition | null = null;
  /** The last program that it was asked to record. */
  recorded: RecordUnit | null = null;
  /** The last attempt that it was given. */
  judging: JudgeTask | null = null;
  readonly deviceIds: readonly DeviceId[];
  readonly #listening: Listening;
  /** The last of each name that was asked for. */
  readonly #compiles = new Map<string, { readonly compileId: string; readonly artifact: ContentHash }>();
  readonly #given = new Map<AttemptId, DeviceId>();
  readonly #canaries: AttemptId[] = [];
  readonly #artifacts = new Map<ContentHash, string>();
  readonly #put: ContentHash[] = [];
  readonly #lends: string[] = [];
  readonly #fetched: ContentHash[] = [];
  readonly #refreshes: string[] = [];
  #listener: ((event: HostEvent) => void) | null = null;
  #isStopped = false;

  constructor(name: string, gpus: number, listening: Listening) {
    this.hostId = HostId.parse(name);
    this.deviceIds = Array.from({ length: gpus }, (_, at) => DeviceId.parse(`GPU-${name}-${at}`));
    this.#listening = listening;
  }

  get roundTripMs(): number | null {
    return this.isConnected ? 1 : null;
  }

  get isConnected(): boolean {
    return this.inventory !== null;
  }

  // What the engine says.

  start(listener: (event: HostEvent) => void): void {
    if (!this.#isStopped) this.#listener ??= listener;
  }

  async stop(): Promise<void> {
    this.inventory = null;
    this.#listener = null;
    this.#isStopped = true;
    return Promise.resolve();
  }

  defineProblem(definition: ProblemDefinition): boolean {
    this.defined = definition;
    return this.#say(`problem ${definition.name}`);
  }

  compile(compileId: string, unit: CompileUnit): boolean {
    const source = sourceOf(unit);
    const name = this.#listening.nameOfSource(source);
    const artifact = artifactOf(source);
    this.#compiles.set(name, { compileId, artifact });
    this.#artifacts.set(artifact, name);
    return this.#say(`compile ${name}${compileId.startsWith('record:') ? ` for ${this.#attempt(compileId.slice(7))}` : ''}`);
  }

  record(compileId: string, unit: RecordUnit): boolean {
    this.recorded = unit;
    const source = unit.files[0]?.content ?? '';
    const name = this.#listening.nameOfSource(source);
    const artifact = artifactOf(`${source} ${unit.by === 'answers' ? 'to be called' : 'recorded'}`);
    this.#compiles.set(name, { compileId, artifact });
    this.#artifacts.set(artifact, unit.by === 'answers' ? `${name}'s answers` : `${name}'s recording`);
    return this.#say(
      `record ${name}${unit.by === 'answers' ? ' by answers' : ''}${compileId.startsWith('record:') ? ` for ${this.#attempt(compileId.slice(7))}` : ''}`,
    );
  }

  judge(task: JudgeTask): boolean {
    const { attemptId, deviceId, timing, record, race, artifact } = task;
    this.judging = task;
    this.#given.set(attemptId, deviceId);
    const mode = timing.method === 'paired' ? 'confirm' : 'screen';
    if (this.#listening.nameOfId(candidateIdOf(attemptId)) === 'canary') this.#canaries.push(attemptId);
    const paired = record ? ` against ${this.#artifacts.get(record.artifact) ?? 'what it never compiled'}` : '';
    const answers = this.#artifacts.get(artifact)?.endsWith("'s answers") ? ' by answers' : '';
    return this.#say(`judge ${this.#attempt(attemptId)} ${mode}${answers}${paired}${race ? ' racing' : ''}`);
  }

  profile({ profileId }: { readonly profileId: string }): boolean {
    return this.#say(`profile ${this.#listening.nameOfId(profileId)}`);
  }

  fetchArtifact(artifact: ContentHash): boolean {
    this.#fetched.push(artifact);
    return this.#say(`fetch ${this.#artifacts.get(artifact) ?? '?'}`);
  }

  putArtifact(artifact: ContentHash, { bytes }: Bundle): boolean {
    this.#put.push(artifact);
    this.#artifacts.set(artifact, bytes.toString());
    return this.#say(`put ${bytes.toString()}`);
  }

  retract(attemptIds: readonly AttemptId[]): boolean {
    return this.#say(`retract ${attemptIds.map((id) => this.#attempt(id)).join(',')}`);
  }

  cancel(attemptId: AttemptId): boolean {
    return this.#say(`cancel ${this.#attempt(attemptId)}`);
  }

  cancelCompile(compileId: string): boolean {
    return this.#say(`cancel compile ${this.#listening.nameOfId(compileId.split('@')[0] ?? '')}`);
  }

  ack(attemptIds: readonly AttemptId[]): boolean {
    for (const attemptId of attemptIds) this.#say(`ack ${this.#attempt(attemptId)}`);
    return this.isConnected;
  }

  lend(lendId: string, deviceId: DeviceId): boolean {
    this.#lends.push(lendId);
    return this.#say(`lend ${deviceId}`);
  }

  giveBack(): boolean {
    return this.#say('give back');
  }

  async openWork(): Promise<never> {
    return Promise.reject(new KilnError('HOST_NOT_CONNECTED', `${this.hostId} is scripted: nobody works on it`));
  }

  refresh(refreshId: string): boolean {
    this.#refreshes.push(refreshId);
    return this.#say('refresh');
  }

  // What its runner says.

  connect({ runnerId = 'r1', running = [], finished = [], inventory = {}, unavailable }: Hello = {}): void {
    const devices = this.deviceIds.map((id) => ({ ...GPU, id, copyBytesPerSecond: null, unavailable: null }));
    const compilers = { cuda: COMPILER };
    this.inventory = { ...INVENTORY, languages: ['cuda'], compileSlots: 1, compilers, devices, ...inventory };
    const hello = { type: 'hello', protocol: 1, runnerId, runnerHash: 'x', inventory: this.inventory, queued: [], problems: [] };
    this.#emit({ type: 'connected', hostId: this.hostId, hello: Hello.parse({ ...hello, running, finished, unavailable }) });
  }

  lose(): void {
    this.inventory = null;
    this.#emit({ type: 'lost', hostId: this.hostId, reason: 'the cable was pulled', retryAtMs: null });
  }

  /** The answer to the last `compile` of that name. */
  compiled(name: string | number): void {
    const { artifact } = this.#asked(name);
    const built = { cached: false, durationMs: 80, log: '', compiler: COMPILER, resources: {} };
    this.#compileEnds(name, { status: 'compiled', artifact, ...built });
  }

  compileFails(name: string | number, failure: Outcome | InfraFailure): void {
    const failed = { status: 'failed', durationMs: 5, compiler: COMPILER } as const;
    this.#compileEnds(name, 'verdict' in failure ? { ...failed, outcome: failure } : { status: 'infra', failure });
  }

  begins(attemptId: AttemptId): void {
    this.frame({ type: 'started', attemptId, deviceId: this.#given.get(attemptId) ?? this.#device(0) });
  }

  /** By the device that it was given to; the first, where another life of the daemon gave it. */
  judged(attemptId: AttemptId, result: Outcome | InfraFailure, told: Partial<Telemetry> = {}): void {
    const outcome = 'verdict' in result ? result : null;
    const infra = 'verdict' in result ? null : result;
    const deviceId = this.#given.get(attemptId) ?? this.#device(0);
    const judgement = { attemptId, deviceId, outcome, infra, phases: PHASES, telemetry: { deviceId, ...TELEMETRY, ...told } };
    this.frame({ type: 'result', result: judgement, started: null });
  }

  canaryJudged(result: Outcome | InfraFailure): void {
    const attemptId = this.#canaries.shift();
    if (!attemptId) throw new Error(`${this.hostId} was given no canary`);
    this.judged(attemptId, result);
  }

  /** Hands over what it compiled: its number stands for its files. */
  sends(name: string | number): void {
    const payload = Buffer.from(String(name));
    const sha256 = ContentHash.parse(createHash('sha256').update(payload).digest('hex'));
    this.frame({ type: 'artifact', artifact: this.#asked(name).artifact, sha256, failure: null }, payload);
  }

  /** It was asked for an artifact that it does not have. */
  hasNot(): void {
    const artifact = this.#fetched.shift();
    if (!artifact) throw new Error(`${this.hostId} was asked for no artifact`);
    const failure = { code: 'unknown_artifact', message: 'it is not on this host' } as const;
    this.frame({ type: 'artifact', artifact, sha256: null, failure });
  }

  /** The last artifact that was put into it is there. */
  stores(failure: InfraFailure | null = null): void {
    const artifact = this.#put.shift();
    if (!artifact) throw new Error(`nothing was put into ${this.hostId}`);
    this.frame({ type: 'artifact_stored', artifact, failure });
  }

  /** The first device that was asked for, and is not lent yet. */
  lends(failure: InfraFailure | null = null): void {
    const lendId = this.#lends.shift();
    if (lendId === undefined) throw new Error(`${this.hostId} was asked to lend nothing`);
    this.frame({ type: 'lent', lendId, failure });
  }

  /** Its inventory was taken again, for all who asked. */
  refreshed(): void {
    this.frame({ type: 'inventory', inventory: this.inventory, failure: null, refreshIds: this.#refreshes.splice(0) });
  }

  retracted(...attemptIds: readonly AttemptId[]): void {
    this.frame({ type: 'retracted', attemptIds: [...attemptIds] });
  }

  /** `unavailable`: why the whole host takes no work. */
  health(unavailable: string | null = null): void {
    const devices = this.inventory?.devices ?? [];
    this.frame({ type: 'health', devices, compileQueued: 0, compileRunning: 0, unavailable, use: {} });
  }

  /** What NVML tells: `changes` of its first device, where it is healthy otherwise. */
  reads(changes: Partial<DeviceReading>, host: Partial<HostReading> = {}): void {
    const devices = this.deviceIds.map((deviceId, at) => ({ ...HEALTHY, deviceId, ...(at === 0 ? changes : {}) }));
    const reading = { nvml: 'answers' as const, message: null, devices, ...host };
    this.frame({ type: 'health', devices: [], compileQueued: 0, compileRunning: 0, resting: null, use: {}, reading });
  }

  frame(frame: FromRunner, payload?: Buffer): void {
    this.#emit({ type: 'frame', hostId: this.hostId, frame: FromRunner.parse(frame), ...(payload && { payload }) });
  }

  #compileEnds(name: string | number, result: CompileResult): void {
    this.frame({ type: 'compiled', compileId: this.#asked(name).compileId, result });
  }

  #asked(name: string | number) {
    const asked = this.#compiles.get(String(name));
    if (!asked) throw new Error(`${this.hostId} was not asked to compile ${name}`);
    return asked;
  }

  #device(at: number): DeviceId {
    const id = this.deviceIds[at];
    if (id === undefined) throw new Error(`${this.hostId} has no device ${at}`);
    return id;
  }

  #attempt(attemptId: string): string {
    return `${this.#listening.nameOfId(candidateIdOf(AttemptId.parse(attemptId)))}.${attemptId.split('.')[1]}`;
  }

  #say(line: string): boolean {
    if (this.isConnected) this.#listening.said(`${this.hostId}: ${line}`);
    return this.isConnected;
  }

  #emit(event: HostEvent): void {
    if (!this.#listener) throw new Error(`the session of ${this.hostId} is not started`);
    this.#listener(event);
  }
}

export const sourceOf = (unit: CompileUnit): string =>
  unit.language === 'python' ? (unit.files[0]?.content ?? '') : unit.source;

const [Hello] = FromRunner.options;

/** What compiling a source gives, on every host with the same compiler. */
export const artifactOf = (source: string): ContentHash => ContentHash.parse(hashOf({ compiled: source }));
