/** What the canaries of a host's devices came to. It outlives connections; what is under way ends with them (`canaryRuns` of a connection). */
import type { Quarantine } from '../../domain/canary.ts';
import type { Device } from '../../domain/device.ts';
import type { AttemptId, DeviceId, HostId } from '../../domain/ids.ts';
import type { Canary, Suspect } from './choose.ts';
import { NO_MARKS } from './marks.ts';
import type { Marks } from './marks.ts';

export interface HostCanaries {
  /** The last that passed or failed. */
  readonly last: Map<DeviceId, { readonly askedAtMs: number; readonly reason: string }>;
  /** When the last that passed was asked for: verdicts up to there stand. */
  readonly trustedAtMs: Map<DeviceId, number>;
  readonly quarantines: Map<DeviceId, Quarantine>;
  /** Why a canary comes before its time, until one has passed or failed. */
  readonly suspicions: Map<DeviceId, Finding>;
  /** Would be quarantined, and works on: more than half of its class would be out. */
  readonly kept: Map<DeviceId, Kept>;
  /** Came back, and has canaries to pass yet. */
  readonly probations: Map<DeviceId, Finding>;
  /** What is wrong with it that no candidate can bring about. */
  readonly faults: Map<DeviceId, Fault>;
  /** Faults that an operator took it back with, as they were told. */
  readonly accepted: Map<DeviceId, string>;
  /** What holds its clocks down now. */
  readonly brakes: Map<DeviceId, Finding>;
  /** What became of the last canary that could not be judged. */
  readonly unjudged: Map<DeviceId, string>;
  /** What a quarantined device must pass before it returns, besides what any must. */
  readonly failed: Map<DeviceId, Canary>;
  /** What the device refused last, and the compile hosts of what it refused since its last canary. */
  readonly suspects: Map<DeviceId, Refused>;
  readonly marks: Marks;
}

export interface Finding {
  readonly reason: string;
  /** ISO 8601. */
  readonly since: string;
}

export interface Kept {
  readonly finding: Finding;
  /** What it says meanwhile does not stand. */
  readonly doubtsVerdicts: boolean;
}

export interface Fault {
  readonly reason: string;
  /** It may have computed wrongly: its verdicts since the last canary that passed are taken back. */
  readonly doubtsVerdicts: boolean;
}

export interface Refused extends Suspect {
  readonly makers: ReadonlySet<HostId>;
}

/** At most one for each device: it compiles and judges one canary after another, until one fails or all have passed. */
export interface CanaryRun {
  readonly device: Device;
  readonly askedAtMs: number;
  readonly left: Canary[];
  readonly spares: Canary[];
  passed: number;
  serviceMs: number;
  /** The one at hand, under this attempt id. */
  current: { readonly canary: Canary; readonly attemptId: AttemptId };
  /** What failed though nothing of its problem ever passed on the class. */
  unproven: string | null;
}

export const createHostCanaries = (): HostCanaries => ({
  last: new Map(),
  trustedAtMs: new Map(),
  quarantines: new Map(),
  suspicions: new Map(),
  kept: new Map(),
  probations: new Map(),
  faults: new Map(),
  accepted: new Map(),
  brakes: new Map(),
  unjudged: new Map(),
  failed: new Map(),
  suspects: new Map(),
  marks: { ...NO_MARKS },
});
