/** What a host's compiler is known for by what it made. It outlives connections. */
import type { Quarantine } from '../../domain/canary.ts';
import type { Device } from '../../domain/device.ts';
import type { AttemptId, DeviceId, HostId } from '../../domain/ids.ts';
import { createTrust } from '../../scheduler/trust.ts';
import type { Trust } from '../../scheduler/trust.ts';
import type { Canary, Suspect } from '../canaries/choose.ts';
import type { HostState } from '../host-state.ts';

/** Of a host that compiles for itself alone only the counts matter: they tell what is usual elsewhere. */
export interface HostCompiler {
  readonly trust: Trust;
  /** When the last canary that passed was asked for: code that it made up to there stands. */
  trustedAtMs: number | null;
  quarantine: Quarantine | null;
  /** Of what it made, what was refused last, and where. */
  suspect: Refusal | null;
  /** What it must compile rightly before it returns, besides what any must. */
  failed: Canary | null;
  run: CompilerRun | null;
}

/** `deviceId` null: the compiler itself said that the source is wrong. */
export interface Refusal extends Suspect {
  readonly hostId: HostId;
  readonly deviceId: DeviceId | null;
}

/** A canary that it compiles for a device of another host. */
export interface Check {
  readonly canary: Canary;
  readonly judging: HostState;
  readonly device: Device;
}

/** At most one for each compile host: one check after another, until one fails or all have passed. */
export interface CompilerRun {
  readonly askedAtMs: number;
  readonly left: Check[];
  serviceMs: number;
  /** The one at hand. `failure`: what it came to, while the same is tried with the judging host's own compiler. */
  current: { readonly check: Check; readonly attemptId: AttemptId; readonly failure: string | null };
}

export const createHostCompiler = (): HostCompiler => ({
  trust: createTrust(),
  trustedAtMs: null,
  quarantine: null,
  suspect: null,
  failed: null,
  run: null,
});
