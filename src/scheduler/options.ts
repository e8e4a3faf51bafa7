/** Every limit of the scheduler, by name. Times are milliseconds. */
export interface SchedulerOptions {
  /** How long an attempt known from the store waits for its host's hello after a restart of the daemon. */
  readonly adoptGraceMs: number;
  /** How long attempts at a lost host wait for it: the runner outlives the connection. */
  readonly hostGraceMs: number;
  /** A would-be record that finds no device of its model for this long ends with its screening outcome, unconfirmed. */
  readonly confirmWaitMs: number;
  /** Confirmations of one candidate: each time the record changed hands while it was paired, it needs another. Then it ranks unconfirmed. */
  readonly confirmationsMax: number;
  /** Infra failures of one candidate that are retried. */
  readonly infraRetries: number;
  /** How often a candidate whose artifact its host no longer had is compiled again before that counts as an infra failure. */
  readonly recompilesMax: number;
  /** First wait before the same host is tried again; doubles with each failure. */
  readonly backoffMs: number;
  /** Bounds of how many runnable candidates wait in memory (`wanted`). */
  readonly windowMin: number;
  readonly windowMax: number;
  /** Candidates held in all, blocked ones included; above it nothing more is wanted. */
  readonly heldMax: number;
  /** Candidates held of classes that no open device has: the same. Those of other classes are still found (`underserved`). */
  readonly blockedMax: number;
  /** A device that judges is given a canary this often, and less often where one takes more than its share of the device's time. */
  readonly canaryEveryMs: number;
  /** The first one, after the first verdict of a device that never passed one. */
  readonly canaryFirstMs: number;
  /** First wait of a quarantined device before its next canary; doubles with each that fails, up to the most. */
  readonly canaryBackoffMs: number;
  readonly canaryBackoffMsMax: number;
}

export const SCHEDULER_DEFAULTS: SchedulerOptions = {
  adoptGraceMs: 30_000,
  hostGraceMs: 30_000,
  confirmWaitMs: 120_000,
  confirmationsMax: 8,
  infraRetries: 3,
  recompilesMax: 2,
  backoffMs: 1_000,
  windowMin: 1_000,
  windowMax: 5_000,
  heldMax: 200_000,
  blockedMax: 20_000,
  canaryEveryMs: 300_000,
  canaryFirstMs: 30_000,
  canaryBackoffMs: 15_000,
  canaryBackoffMsMax: 900_000,
};

/** Priorities of which a pool knows what it began last. */
export const PRIORITIES_MAX = 1_024;
/** Device time, by weight, that a submitter who comes back may have been given more than the others: the rest is forgiven. */
export const DEBT_MAX_MS = 60_000;
/** Candidates of a submitter in work, for each slot of the class, before one of them was judged; where others wait too. */
export const PROBES_PER_SLOT = 3;
/** What is ready is ordered anew when its submitter's candidates take so many times longer, or shorter, than it was ordered by. */
export const RETAG_RATIO = 1.25;
/** Submitters of a class, and priorities of a submitter, that are remembered although nothing of them is held. */
export const SHARES_IDLE_MAX = 4_096;
export const LEVELS_IDLE_MAX = 64;
/** Candidates of a class that are shared among its submitters: so many for each of its slots, within the bounds of the window. */
export const SHARED_PER_SLOT = 8;
/** Candidates of each submitter of a class with devices that are held at the least, however many of others come before them. */
export const SHARE_MIN = 2;
/** Candidates that are asked for at one look; those of whom the least is held come first, the others at the next. */
export const MISSING_MAX = 1_000;
/** Service time taken for granted before a device's first judgement. */
export const SERVICE_DEFAULT_MS = 50;
/** Compile time taken for granted before a host's first. */
export const COMPILE_DEFAULT_MS = 100;
/** Service times a device remembers. */
export const SERVICE_SAMPLES = 64;
/** From a result at the daemon to the next attempt on the wire, beside the round trip. */
export const DISPATCH_MS = 5;
/** A result reaches the disk of its host before it is told: a sync, and the one before it that it waited for. */
export const SPOOL_MS = 20;
/** Entries at one device, the running one included. */
export const PREFETCH_MAX = 32;
/** Work waiting at one device behind the running attempt. */
export const PREFETCH_MS_MAX = 1_000;
/** Work compiled ahead for one device, and its bounds in candidates. */
export const AHEAD_MS = 1_500;
export const AHEAD_MIN = 2;
export const AHEAD_MAX = 64;
/** A ready candidate whose priority number is this many times smaller makes a device give its queue back. */
export const JUMP_RATIO = 2;
/** Work it must overtake at the least. */
export const JUMP_GAIN_MS = 200;
/** Candidates moved to an idle host at once, and how many of the loaded host's are looked at. */
export const STEAL_MAX = 64;
/** Hosts that a search for an idle one compares. */
export const PLACE_SCAN_MAX = 32;
/** Starved pools looked at by one tick. */
export const TICK_STEALS_MAX = 16;
/** Constraint groups kept although nothing is in them. */
export const GROUPS_IDLE_MAX = 1_024;
/** Canaries take at most one part in so many of a device's time, where nothing is suspected. */
export const CANARY_SHARE_MAX = 1_000;
/** Where so many words of a device, or of all on its host, were bad since the last canary, one is due: what computes wrongly refuses. */
export const CANARY_REFUSALS = 40;
/** These take at most one part in so many of a device's time. */
export const CANARY_REFUSALS_SHARE_MAX = 100;
/** A canary that said nothing (its host was lost, its disk was full) is asked for again; sooner where something is suspected. */
export const CANARY_INCONCLUSIVE_MS = 60_000;
export const CANARY_INCONCLUSIVE_SUSPECT_MS = 10_000;
/** So many canaries in a row that could not be judged: the device cannot do what it is there for. */
export const CANARIES_INCONCLUSIVE_MAX = 3;
/** Where something is suspected, so many must pass one after the other: what goes wrong now and then may spare one. */
export const SUSPECT_PASSES = 3;
/** A device that came back is on probation until it has passed so many canaries more, each so long after the one before. */
export const PROBATION_PASSES = 3;
export const PROBATION_EVERY_MS = 10_000;
/** After a canary because of a burst that passed, before the next one because of another; doubles each time. */
export const BURST_COOL_DOWN_MS = 10_000;
/** Pools worked on in one event; more means a cycle. */
export const PUMPS_MAX = 1_000_000;
