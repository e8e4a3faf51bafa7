import type { DeviceClass } from '../domain/device.ts';
import type { AttemptId, DeviceId } from '../domain/ids.ts';
import type { Language } from '../domain/plan.ts';

export interface ClassSnapshot {
  readonly device: DeviceClass;
  /** Queued, compiling or ready. */
  readonly waiting: number;
  /** Judging or confirming. */
  readonly running: number;
  /** Devices that take work now. */
  readonly slots: number;
  /** Why nothing of this class moves, or null. */
  readonly blocked: string | null;
  /** Time to judge all of it at the measured service times; null without a slot. */
  readonly etaMs: number | null;
}

/** Queued candidates with constraints that no device meets now. */
export interface BlockedSnapshot {
  readonly device: DeviceClass;
  readonly labels: readonly string[];
  readonly language: Language;
  readonly waiting: number;
  readonly reason: string;
}

export interface Snapshot {
  readonly stages: { readonly queued: number; readonly compiling: number; readonly ready: number; readonly judging: number; readonly confirming: number };
  readonly byDevice: readonly ClassSnapshot[];
  readonly bySubmitter: readonly { readonly submitter: string; readonly waiting: number; readonly running: number }[];
  /** At most 64, largest first. */
  readonly blocked: readonly BlockedSnapshot[];
  readonly oldestQueuedAtMs: number | null;
}

export interface HostSnapshot {
  readonly compiling: number;
  readonly ready: number;
  readonly devices: readonly { readonly deviceId: DeviceId; readonly queued: number; readonly running: AttemptId | null }[];
}
