import { z } from 'zod';
import { Booking } from '../hosts/booking.ts';
import { DeviceState } from '../hosts/device-state.ts';
import { Hold } from '../hosts/hold.ts';
import { DeviceReading, HostReading } from '../hosts/reading.ts';
import { Quarantine } from '../canary.ts';
import { Device } from '../device.ts';
import { CandidateId, DeviceId, HostId } from '../ids.ts';
import { HostOrigin } from './fleet-control.ts';
import { Telemetry } from '../measurement.ts';
import { Inventory } from '../protocol.ts';

const Quantiles = z.strictObject({ p50: z.number(), p99: z.number() });

const Count = z.int().min(0);

export const DeviceView = Device.extend({
  class: z.string(),
  /** Whether it is trusted, why not, and since when; null before the daemon heard of it. */
  condition: DeviceState.nullable().default(null),
  /** Set while it takes no work since Kiln found something wrong with it; `unavailable` says so too. */
  quarantine: Quarantine.nullable().default(null),
  /** Set while it, or its host, takes no work since somebody said so. */
  hold: Hold.nullable().default(null),
  /** Whose candidates alone it takes, and until when; null: anybody's. */
  booking: Booking.nullable().default(null),
  queued: Count,
  running: z.string().nullable(),
  judged: Count,
  /** Shares of the last minute of connection, 0 to 1. */
  use: z.strictObject({
    measuring: z.number(),
    checking: z.number(),
    loading: z.number(),
    idleWithWork: z.number(),
    idleWithoutWork: z.number(),
    faults: z.number(),
    profiling: z.number().default(0),
  }),
  /** Idle gap between two judgements while work was waiting, milliseconds; null before the second one. */
  idleGapMs: Quantiles.nullable(),
  /** Clocks, power and temperature as they were at the end of the last judgement; null before one told them. */
  telemetry: Telemetry.omit({ deviceId: true }).extend({ at: z.iso.datetime() }).nullable().default(null),
  /** What NVML told last, whether it judges or not; null where it told nothing of it. */
  reading: DeviceReading.omit({ deviceId: true }).nullable().default(null),
});
export type DeviceView = z.infer<typeof DeviceView>;

/** Something that failed on a host and was no candidate's doing: it was, or is, tried again. */
export const HostFailure = z.strictObject({
  at: z.iso.datetime(),
  stage: z.enum(['compiling', 'judging']),
  candidateId: CandidateId.nullable(),
  /** Null while compiling. */
  deviceId: DeviceId.nullable(),
  /** "code: message", as its runner told. */
  reason: z.string(),
});
export type HostFailure = z.infer<typeof HostFailure>;

export const HostView = z.strictObject({
  name: z.string(),
  transport: z.enum(['ssh', 'local', 'command']),
  /** How it is reached, without secrets: "root@10.0.0.5:22", "local", "docker exec box". */
  address: z.string(),
  labels: z.array(z.string()),
  state: z.enum(['connecting', 'connected', 'unreachable', 'refused']),
  /** Why it is not connected, or takes no work (its disk is full, or its runner starts anew), and what to do; or null. */
  reason: z.string().nullable(),
  nextRetryAt: z.iso.datetime().nullable(),
  /** How it came to the fleet; null while it leaves. */
  origin: HostOrigin.nullable().default(null),
  roundTripMs: z.number().nullable(),
  inventory: Inventory.omit({ devices: true }).nullable(),
  devices: z.array(DeviceView),
  /** Whether NVML answers there; null without a GPU, and before the first word. */
  nvml: HostReading.shape.nvml.nullable().default(null),
  /** A host without a GPU: the connected hosts with GPUs that it compiles for. */
  compilesFor: z.array(z.string()),
  /** Set while it compiles nothing for others: a known-good candidate that it compiled failed where one that the judging host compiled passed. */
  compilerQuarantine: Quarantine.nullable().default(null),
  /** Set while the whole host takes no work since somebody said so; `reason` says so too. */
  hold: Hold.nullable().default(null),
  /** Of the whole host; each of its devices says so too. */
  booking: Booking.nullable().default(null),
  compile: z.strictObject({
    queued: Count,
    running: Count,
    /** Since the daemon started: done by a compiler, answered by the host's cache (or known to be there), refused by the compiler. */
    compiled: Count,
    cached: Count,
    failed: Count,
    /** Of the last ones that were not cached, milliseconds; null before the first. */
    timeMs: Quantiles.nullable(),
  }),
  /** Infra failures since the daemon started, the last ones first. */
  failures: z.strictObject({ total: Count, recent: z.array(HostFailure) }).default({ total: 0, recent: [] }),
});
export type HostView = z.infer<typeof HostView>;
export const FleetView = z.strictObject({
  /** What is wrong with the fleet file as it is now: the fleet is as it was before that. Null where nothing is. */
  complaint: z.string().nullable().default(null),
  hosts: z.array(HostView),
  /** How long the last candidates stayed in each stage, milliseconds; null before the first. */
  stages: z.strictObject({
    queued: Quantiles.nullable(),
    compiling: Quantiles.nullable(),
    ready: Quantiles.nullable(),
    judging: Quantiles.nullable(),
    confirming: Quantiles.nullable(),
  }),
});
export type FleetView = z.infer<typeof FleetView>;

/** POST /v1/fleet/:host/resume: the devices that were quarantined, and whether its compiler was. */
export const HostResumed = z.strictObject({ host: HostId, devices: z.array(DeviceId), compiler: z.boolean().default(false) });
export type HostResumed = z.infer<typeof HostResumed>;

/** One thing of a host's inventory; null: it was, or is, not there. */
export const InventoryChange = z.strictObject({ what: z.string(), old: z.string().nullable(), new: z.string().nullable() });
export type InventoryChange = z.infer<typeof InventoryChange>;

export const HostRefreshed = z.strictObject({
  host: HostId,
  /** `pending`: not answered in time; it is taken in when it comes. `failed`: what was known stays. */
  status: z.enum(['changed', 'unchanged', 'pending', 'failed', 'unreachable']),
  reason: z.string().nullable(),
  changes: z.array(InventoryChange),
});
export type HostRefreshed = z.infer<typeof HostRefreshed>;

/** POST /v1/fleet/refresh and /v1/fleet/:host/refresh. */
export const HostsRefreshed = z.strictObject({ hosts: z.array(HostRefreshed) });
export type HostsRefreshed = z.infer<typeof HostsRefreshed>;
