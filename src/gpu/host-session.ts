/**
 * A host of the fleet: one attached runner connection, kept alive and brought back, reported as events. Never throws outwards.
 *
 * Modes
 * - idle: before `start`.
 * - connecting: the transport opens a stream and the runner is asked for hello. To connected on hello; to refused when the
 *   failure will not pass by itself (wrong host key, login refused, no python3); to waiting on any other failure.
 * - connected: frames flow, `connected` was emitted. To waiting when the link ends.
 * - waiting: `lost` was emitted with the time of the next try (1 s doubling to 60 s, with jitter). To connecting when it comes.
 * - refused: `refused` was emitted; tried again every REFUSED_RETRY_MS, since a person must repair it.
 * - stopped: final, from any mode by `stop`. Nothing is emitted any more.
 *
 * Invariant: at most one stream at a time; after each `connected` exactly one `lost` or `refused` follows, unless stopped.
 */
import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { type ErrorCode, KilnError } from '../domain/errors.ts';
import type { NamedEnvironment } from '../domain/environment.ts';
import type { HostConfig } from '../domain/fleet.ts';
import type { AttemptId, ContentHash, DeviceId, HostId } from '../domain/ids.ts';
import type { Bundle, HostEvent, HostSession } from '../domain/ports/host-session.ts';
import {
  type CompileUnit,
  type FromRunner,
  type Inventory,
  type JudgeTask,
  type ProblemDefinition,
  PROTOCOL_VERSION,
  type ToRunner,
} from '../domain/protocol.ts';
import type { RecordUnit } from '../domain/program-unit.ts';
import { backoffMs } from '../platform/backoff.ts';
import type { Clock } from '../platform/clock.ts';
import { guardHost, selectInventory } from './device-selection.ts';
import { createRunnerLink, type Hello, type RunnerLink } from './runner-link.ts';
import { createSentPlans, type SentPlans } from './sent-plans.ts';

export const REFUSED_RETRY_MS = 60_000;
/** A connection that lasted this long starts the backoff anew. */
const STABLE_MS = 10_000;
const SHUTDOWN_MS_MAX = 5000;
const HANG_UP_MS_MAX = 1000;
const STOP_RUNNER_MS_MAX = 30_000;

/** How bytes get to a host's runner. Implemented for ssh, local and command; one conformance suite over all. */
export interface Transport {
  /** A stream attached to the runner: uploaded if the host lacks this version, started if it does not run. Rejects with KilnError. */
  readonly open: (signal: AbortSignal) => Promise<Duplex>;
  /** A stream to the process that answers people's work, over the connection that `open` made; started where it does not run. Rejects with KilnError. */
  readonly openWork: (signal: AbortSignal) => Promise<Duplex>;
  /** Ends every runner of this daemon on the host, connected or not. Resolves when they are gone. */
  readonly stopRunner: (signal: AbortSignal) => Promise<void>;
  /** Ends what is open on this side, in bounded time even where the other side is silent; the runner goes on. Idempotent. */
  readonly close: () => Promise<void>;
}

export interface Log {
  readonly info: (facts: object, message: string) => void;
  readonly warn: (facts: object, message: string) => void;
}

export interface HostSessionOptions {
  readonly config: HostConfig;
  /** How the host is reached, for people; no secrets. */
  readonly address: string;
  readonly transport: Transport;
  readonly daemonId: string;
  readonly leaseMs: number;
  readonly idleExitMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

type Mode =
  | { readonly name: 'idle' }
  | { readonly name: 'connecting'; readonly abort: AbortController; link: RunnerLink | null }
  | {
      readonly name: 'connected';
      readonly link: RunnerLink;
      readonly since: number;
      readonly inventory: Inventory;
      readonly plans: SentPlans;
    }
  | { readonly name: 'waiting' | 'refused'; readonly cancel: () => void }
  | { readonly name: 'stopped'; readonly done: Promise<void> };

export class RunnerHostSession implements HostSession {
  readonly hostId: HostId;
  readonly labels: readonly string[];
  readonly transport: 'ssh' | 'local' | 'command';
  readonly address: string;
  readonly #options: HostSessionOptions;
  #mode: Mode = { name: 'idle' };
  #failures = 0;
  #lastReason = '';
  #everConnected = false;
  #emit: (event: HostEvent) => void = () => undefined;
  #onEnded: () => void = () => undefined;

  constructor(options: HostSessionOptions) {
    this.#options = options;
    this.hostId = options.config.name;
    this.labels = options.config.labels;
    this.transport = options.config.transport.kind;
    this.address = options.address;
  }

  get roundTripMs(): number | null {
    return this.#mode.name === 'connected' ? this.#mode.link.roundTripMs() : null;
  }

  get inventory(): Inventory | null {
    return this.#mode.name === 'connected' ? this.#mode.inventory : null;
  }

  start(listener: (event: HostEvent) => void): void {
    if (this.#mode.name !== 'idle') return;
    this.#emit = listener;
    void this.#connect();
  }

  defineProblem(definition: ProblemDefinition): boolean {
    return this.#send({ type: 'problem', definition });
  }

  compile(compileId: string, unit: CompileUnit, limitMs: number): boolean {
    return this.#send({ type: 'compile', compileId, unit, limitMs });
  }

  record(compileId: string, unit: RecordUnit, limitMs: number): boolean {
    return this.#send({ type: 'record', compileId, unit, limitMs });
  }

  judge(task: JudgeTask): boolean {
    if (this.#mode.name !== 'connected') return false;
    const { plans, hidden, ...rest } = task;
    const { key, isNew } = this.#mode.plans.keyOf(plans);
    if (isNew && !this.#send({ type: 'plans', key, plans })) return false;
    // Each task has another one, which the judge alone reads: beside the task the runner need not.
    return this.#send({ type: 'judge', task: { ...rest, plansKey: key } }, hidden && Buffer.from(JSON.stringify(hidden)));
  }

  profile(request: Omit<Extract<ToRunner, { type: 'profile' }>, 'type'>): boolean {
    return this.#send({ type: 'profile', ...request });
  }

  fetchArtifact(artifact: ContentHash): boolean {
    return this.#send({ type: 'fetch_artifact', artifact });
  }

  putArtifact(artifact: ContentHash, { sha256, bytes }: Bundle): boolean {
    return this.#send({ type: 'put_artifact', artifact, sha256 }, bytes);
  }

  retract(attemptIds: readonly AttemptId[]): boolean {
    return this.#send({ type: 'retract', attemptIds: [...attemptIds] });
  }

  cancel(attemptId: AttemptId): boolean {
    return this.#send({ type: 'cancel', attemptId });
  }

  cancelCompile(compileId: string): boolean {
    return this.#send({ type: 'cancel_compile', compileId });
  }

  refresh(refreshId: string): boolean {
    return this.#send({ type: 'refresh', refreshId });
  }

  ack(attemptIds: readonly AttemptId[]): boolean {
    return this.#send({ type: 'ack', attemptIds: [...attemptIds] });
  }

  lend(lendId: string, deviceId: DeviceId): boolean {
    return this.#send({ type: 'lend', lendId, deviceId });
  }

  giveBack(lendId: string): boolean {
    return this.#send({ type: 'give_back', lendId });
  }

  async openWork(signal: AbortSignal): Promise<Duplex> {
    if (this.#mode.name === 'connected') return this.#options.transport.openWork(signal);
    const why = this.#lastReason === '' ? 'it is being connected: try again' : this.#lastReason;
    throw new KilnError('HOST_NOT_CONNECTED', `host ${this.hostId} is not connected: ${why}`);
  }

  async stop({ shutdownRunner }: { readonly shutdownRunner: boolean }): Promise<void> {
    if (this.#mode.name !== 'stopped') {
      const before = this.#mode;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#mode = { name: 'stopped', done: promise };
      resolve(this.#stopFrom(before, shutdownRunner ? 'end-runner' : 'leave-runner'));
    }
    await this.#mode.done;
  }

  #send(frame: ToRunner, payload?: Buffer): boolean {
    return this.#mode.name === 'connected' && this.#mode.link.send(frame, payload);
  }

  /** What the fleet file says to the runner of this host. */
  #wishes(): { unconfined?: true; environments?: NamedEnvironment[] } {
    const { compileUnconfined, environments } = this.#options.config;
    return {
      ...(compileUnconfined ? { unconfined: true as const } : {}),
      ...(environments ? { environments: [...environments] } : {}),
    };
  }

  async #connect(): Promise<void> {
    const mode: Mode = { name: 'connecting', abort: new AbortController(), link: null };
    this.#mode = mode;
    const { transport, clock, daemonId, leaseMs, idleExitMs } = this.#options;
    try {
      const stream = await transport.open(mode.abort.signal);
      if (this.#mode !== mode) {
        // Stopped meanwhile; nobody listens to this stream's errors.
        stream.on('error', () => undefined).destroy();
        return;
      }
      mode.link = createRunnerLink({
        stream,
        clock,
        attach: { type: 'attach', protocol: PROTOCOL_VERSION, daemonId, leaseMs, idleExitMs, ...this.#wishes() },
        onHello: (hello) => this.#onHello(mode, hello),
        onFrame: (frame, payload) => this.#onFrame(frame, payload),
        onEnd: (cause) => this.#onLost(cause),
      });
    } catch (error) {
      if (this.#mode === mode) this.#onLost(error);
    }
  }

  #onHello(mode: Extract<Mode, { name: 'connecting' }>, hello: Hello): void {
    if (this.#mode !== mode || mode.link === null) return;
    const { config, clock, log } = this.#options;
    const inventory = selectInventory(hello.inventory, config);
    this.#mode = { name: 'connected', link: mode.link, since: clock.monotonic(), inventory, plans: createSentPlans() };
    this.#everConnected = true;
    this.#lastReason = '';
    log.info({ host: this.hostId, runnerId: hello.runnerId, devices: inventory.devices.length }, 'host connected');
    this.#emit({ type: 'connected', hostId: this.hostId, hello: { ...hello, inventory } });
  }

  #onFrame(frame: FromRunner, payload: Buffer): void {
    if (this.#mode.name !== 'connected') return;
    this.#emit({
      type: 'frame',
      hostId: this.hostId,
      frame: this.#asWished(frame, this.#mode),
      ...(payload.length > 0 && { payload }),
    });
  }

  /** Reduced to what the fleet file wants of the host. */
  #asWished(frame: FromRunner, mode: Extract<Mode, { name: 'connected' }>): FromRunner {
    if (frame.type === 'health') return this.#selected(frame, mode.inventory);
    if (frame.type !== 'inventory' || frame.inventory === null) return frame;
    const inventory = selectInventory(frame.inventory, this.#options.config);
    this.#mode = { ...mode, inventory };
    return { ...frame, inventory };
  }

  #selected(health: Extract<FromRunner, { type: 'health' }>, { devices }: Inventory): FromRunner {
    const ids = new Set<string>(devices.map((device) => device.id));
    return {
      ...health,
      devices: health.devices.filter((device) => ids.has(device.id)).map((device) => guardHost(device, this.#options.config)),
      use: Object.fromEntries(Object.entries(health.use).filter(([id]) => ids.has(id))),
    };
  }

  #onLost(error: unknown): void {
    if (this.#mode.name === 'stopped') {
      this.#onEnded();
      return;
    }
    const { clock, random, transport } = this.#options;
    // Destroying a stream of a half-open connection reaches nobody; what carried it must go too.
    void transport.close();
    const wasStable = this.#mode.name === 'connected' && clock.monotonic() - this.#mode.since >= STABLE_MS;
    this.#failures = wasStable ? 1 : this.#failures + 1;
    const isRefusal = error instanceof KilnError && REFUSALS.has(error.code);
    const delayMs = isRefusal ? REFUSED_RETRY_MS : backoffMs(this.#failures, random);
    this.#mode = { name: isRefusal ? 'refused' : 'waiting', cancel: clock.after(delayMs, () => void this.#connect()) };
    const reason = error instanceof Error ? error.message : String(error);
    this.#logLost(reason, error);
    this.#emit({ type: isRefusal ? 'refused' : 'lost', hostId: this.hostId, reason, retryAtMs: clock.now() + delayMs });
  }

  /** A host that stays away is logged once, not at every try. */
  #logLost(reason: string, error: unknown): void {
    if (reason === this.#lastReason) return;
    this.#lastReason = reason;
    // Anything but our own error is a defect: its stack is wanted.
    this.#options.log.warn(
      { host: this.hostId, reason, ...(error instanceof KilnError ? { code: error.code } : { err: error }) },
      'host not connected',
    );
  }

  async #stopFrom(before: Exclude<Mode, { name: 'stopped' }>, runner: 'end-runner' | 'leave-runner'): Promise<void> {
    switch (before.name) {
      case 'idle':
        break;
      case 'waiting':
      case 'refused':
        before.cancel();
        break;
      case 'connecting':
        before.abort.abort();
        before.link?.close(STOPPING);
        break;
      case 'connected':
        await this.#finish(before.link, runner);
        before.link.close(STOPPING);
        break;
    }
    if (runner === 'end-runner' && before.name !== 'idle') await this.#makeSureRunnerEnded();
    await this.#options.transport.close();
  }

  /** What was sent arrives (the last acks), and the runner hangs up; bounded. */
  async #finish(link: RunnerLink, runner: 'end-runner' | 'leave-runner'): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(runner === 'end-runner' ? SHUTDOWN_MS_MAX : HANG_UP_MS_MAX, resolve);
      this.#onEnded = () => {
        cancel();
        resolve();
      };
      if (runner === 'leave-runner') link.hangUp();
      else if (!link.send({ type: 'shutdown' })) this.#onEnded();
    });
  }

  /** The stream may end before the processes do, and a runner may be there that we are not connected to. */
  async #makeSureRunnerEnded(): Promise<void> {
    const { transport, config, log } = this.#options;
    if (!this.#everConnected && config.transport.kind !== 'local') return;
    try {
      await transport.stopRunner(AbortSignal.timeout(STOP_RUNNER_MS_MAX));
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      log.warn({ host: this.hostId, reason: error.message }, 'runner may still run; it ends by itself after its lease');
    }
  }
}

/** Failures of the host's set-up: waiting alone does not repair them. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['HOST_KEY_MISMATCH', 'HOST_AUTH_REFUSED', 'HOST_TOOL_MISSING']);
const STOPPING = new KilnError('STOPPING', 'the session was stopped');

export const createHostSession = (options: HostSessionOptions): RunnerHostSession => new RunnerHostSession(options);
