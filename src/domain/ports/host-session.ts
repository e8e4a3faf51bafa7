/** A host of the fleet, as the engine speaks to it. Implemented by src/gpu over any transport. */
import type { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { AttemptId, ContentHash, DeviceId, HostId } from '../ids.ts';
import type { CompileUnit, FromRunner, Inventory, JudgeTask, ProblemDefinition, ToRunner } from '../protocol.ts';
import type { RecordUnit } from '../program-unit.ts';

export type HostEvent =
  | { readonly type: 'connected'; readonly hostId: HostId; readonly hello: Extract<FromRunner, { type: 'hello' }> }
  | { readonly type: 'frame'; readonly hostId: HostId; readonly frame: FromRunner; readonly payload?: Buffer }
  | { readonly type: 'lost'; readonly hostId: HostId; readonly reason: string; readonly retryAtMs: number | null }
  | { readonly type: 'refused'; readonly hostId: HostId; readonly reason: string; readonly retryAtMs: number | null };

/** An artifact on its way between hosts: a tar of its files. At most BUNDLE_BYTES_MAX bytes. */
export interface Bundle {
  readonly sha256: ContentHash;
  readonly bytes: Buffer;
}

/** A host of the fleet: keeps one attached connection, reconnects with backoff, never throws into the engine. */
export interface HostSession {
  readonly hostId: HostId;
  readonly labels: readonly string[];
  readonly transport: 'ssh' | 'local' | 'command';
  readonly address: string;
  /** Last measured ping, milliseconds; null before the first. */
  readonly roundTripMs: number | null;
  /** The last of the current connection; null while not connected. */
  readonly inventory: Inventory | null;
  start(listener: (event: HostEvent) => void): void;
  /** False when not connected: nothing was sent. */
  defineProblem(definition: ProblemDefinition): boolean;
  compile(compileId: string, unit: CompileUnit, limitMs: number): boolean;
  /** Answered, and taken back, as a compilation is. */
  record(compileId: string, unit: RecordUnit, limitMs: number): boolean;
  judge(task: JudgeTask): boolean;
  /** Answered by a `profiled` frame. */
  profile(request: Omit<Extract<ToRunner, { type: 'profile' }>, 'type'>): boolean;
  /** Answered by an `artifact` frame. */
  fetchArtifact(artifact: ContentHash): boolean;
  /** Answered by an `artifact_stored` frame. */
  putArtifact(artifact: ContentHash, bundle: Bundle): boolean;
  retract(attemptIds: readonly AttemptId[]): boolean;
  cancel(attemptId: AttemptId): boolean;
  cancelCompile(compileId: string): boolean;
  ack(attemptIds: readonly AttemptId[]): boolean;
  /** The runner takes its inventory again: answered by an `inventory` frame that names the id. */
  refresh(refreshId: string): boolean;
  /** Of nothing judged: the runner begins nothing on the device until it is given back. Answered by a `lent` frame. */
  lend(lendId: string, deviceId: DeviceId): boolean;
  giveBack(lendId: string): boolean;
  /** A stream to the process beside the runner that answers people's work. Rejects with KilnError, HOST_NOT_CONNECTED while it is not connected. */
  openWork(signal: AbortSignal): Promise<Duplex>;
  /** Idempotent. With `shutdownRunner` the runner ends too; otherwise it is left for the next daemon. */
  stop(options: { readonly shutdownRunner: boolean }): Promise<void>;
}
