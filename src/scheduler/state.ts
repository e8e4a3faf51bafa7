/**
 * The scheduler's state. A candidate (`Entry`) is in exactly one `Place`; only `moveTo` moves it.
 *
 *   pending    in the heap of its group, until a pool that matches has room
 *   backoff    after an infra failure that only the same host can retry, until its deadline
 *   compiling  asked for at the pool's host; the candidate is bound to that host
 *   ready      compiled; bound to the pool, not to a device
 *   judge      handed to one device under an attempt id: queued there, running, at a lost host, or adopted from the store
 *   done       forgotten
 *
 * A `Pool` is the devices of one model on one host, those that are booked for a submitter apart (bookings.ts). A `Group` is the queue of candidates with the same constraints. Each pool that
 * has room is in its class's `room` heap; then no group that matches it has anything pending.
 */
import { BoundedMap } from '../platform/bounded-map.ts';
import type { DeviceClass } from '../domain/device.ts';
import type { AttemptId, CandidateId, ContentHash, DeviceId, HostId } from '../domain/ids.ts';
import type { Language } from '../domain/plan/plan.ts';
import type { Effect } from './effects.ts';
import type { AttemptOutcome, Task } from './events.ts';
import { Heap, type HeapNode, nodeOf } from './heap.ts';
import { COMPILE_DEFAULT_MS, PRIORITIES_MAX, SERVICE_DEFAULT_MS, type SchedulerOptions } from './options.ts';
import { countIn, createLately, createTally, type Lately, type Tally } from './tally.ts';
import type { Trust } from './trust.ts';
import type { Line, Waiting } from './waiting.ts';

export interface Deadline {
  atMs: number;
  readonly subject: { readonly kind: 'entry'; readonly entry: Entry } | { readonly kind: 'host'; readonly host: Host };
}

export interface Judging {
  readonly kind: 'judge';
  readonly entry: Entry;
  readonly host: Host;
  readonly device: Device;
  readonly attempt: number;
  readonly attemptId: AttemptId;
  /** Null for one adopted from the store: then it is compiled again before another attempt. */
  readonly artifact: ContentHash | null;
  /** Asked back; `to` is the idle pool it is meant for. */
  retract: { readonly to: Pool | null } | null;
  /** Why whatever it comes to is not used, or null. */
  doubted: string | null;
}

export type Place =
  | { readonly kind: 'pending'; readonly group: Group }
  | { readonly kind: 'backoff' }
  | { readonly kind: 'compiling'; readonly pool: Pool; readonly sinceMs: number }
  | { readonly kind: 'ready'; readonly pool: Pool; readonly sinceMs: number; readonly artifact: ContentHash; jumped: boolean }
  | Judging
  | { readonly kind: 'done' };

export interface Confirmation {
  /** Null where only the adopted attempt's device would tell, and it has not been seen yet. */
  model: string | null;
  /** Null where the daemon was restarted in between and no longer knows, or where the device that screened it was quarantined since. */
  screened: AttemptOutcome | null;
  /** Null where that is not known. */
  readonly screenedOn: Device | null;
  /** How often it was asked for, this one included. */
  readonly round: number;
  failures: number;
}

export class Entry {
  task: Task;
  /** Order of arrival. */
  readonly sequence: number;
  readonly submitter: Submitter;
  readonly share: Share;
  level: Level;
  /** Device time that its submitter had been given when it was bound to its pool: orders what is ready. */
  tag = 0;
  /** What its submitter was charged for it; null while it waits, and once its own time is known. */
  charged: number | null = null;
  group: Group;
  place: Place = { kind: 'backoff' };
  counted: Counted = 'none';
  attempts: number;
  /** Highest attempt number whose result was used or that was given back: anything up to it is stale. */
  usedUpTo: number;
  infraFailures: number;
  recompiles = 0;
  confirm: Confirmation | null;
  excluded: readonly HostId[];
  cancelled = false;
  /** What a device has of it goes on, with its confirmation; where it would wait again it is released instead. */
  paused = false;
  /** Where an attempt was when it was given up; a host that comes back with it still running has it taken up again. */
  lost: { readonly attemptId: AttemptId; readonly attempt: number; readonly host: Host; readonly device: Device } | null = null;
  /** In the heap of its group or of its pool. */
  readonly order: HeapNode<Entry> = nodeOf(this);
  readonly age: HeapNode<Entry> = nodeOf(this);
  deadline: HeapNode<Deadline> | null = null;

  constructor(made: Pick<Entry, 'task' | 'sequence' | 'submitter' | 'share' | 'level' | 'group' | 'confirm' | 'excluded'>) {
    this.task = made.task;
    this.sequence = made.sequence;
    this.submitter = made.submitter;
    this.share = made.share;
    this.level = made.level;
    this.group = made.group;
    this.attempts = made.task.attempts;
    this.usedUpTo = made.task.attempts;
    this.infraFailures = made.task.infraFailures;
    this.confirm = made.confirm;
    this.excluded = made.excluded;
  }
}

export type Counted = 'queued' | 'compiling' | 'ready' | 'judging' | 'confirming' | 'none';

export interface Counter {
  readonly name: string;
  waiting: number;
  running: number;
}

/** What was set for a submitter. */
export interface Rules {
  /** Its part of the device time, against those of others. */
  readonly weight: number;
  /** Candidates in work at once: being compiled, ready, or at a device. */
  readonly runningMax: number | null;
  /** Device time until it is set anew (`usage-set`). */
  readonly deviceMsMax: number | null;
}

export interface Submitter extends Counter {
  rules: Rules;
  inWork: number;
}

/** One submitter's part of a class; kept for a while when it has no candidates there, for what it owes. */
export interface Share {
  readonly class: ClassState;
  submitter: Submitter;
  held: number;
  inWork: number;
  judged: number;
  /** What its judgements take. */
  serviceMs: number;
  /** By which what is ready was ordered last; null: nothing was yet. */
  taggedMs: number | null;
  /** Nothing more of it begins for now. */
  isHeld: boolean;
  /** What of it is ready, in any pool. */
  readonly ready: Set<Entry>;
  /** By priority: one has nothing to do with another. */
  readonly levels: Map<number, Level>;
}

/** Of a submitter's candidates of a class and priority (fair-share.ts). */
export interface Level {
  readonly share: Share;
  readonly priority: number;
  /** Device time given, divided by the weight. */
  given: number;
  /** The part of it that was charged for what is not judged yet. */
  bound: number;
  held: number;
  readonly lines: Set<Line>;
}

export interface Group {
  readonly key: string;
  readonly class: ClassState;
  readonly labels: readonly string[];
  readonly language: Language;
  /** Confirmations need this model. */
  readonly model: string | null;
  /** Whose candidates these are, where devices of the class are booked for it; null: of all others. */
  readonly bookedFor: string | null;
  readonly excluded: readonly HostId[];
  readonly waiting: Waiting;
  /** Open pools that match. */
  readonly pools: Set<Pool>;
  /** Entries whose group this is, wherever they are. */
  members: number;
  placing: boolean;
}

/** What a pool's devices, or all of a class, saw lately: the words of their judges, failures of their attempts, the words of their compilers. */
export interface Seen {
  readonly verdicts: Lately;
  readonly attempts: Lately;
  readonly compiles: Lately;
}

export const createSeen = (within: Seen | null): Seen => ({
  verdicts: createLately(within?.verdicts ?? null),
  attempts: createLately(within?.attempts ?? null),
  compiles: createLately(within?.compiles ?? null),
});

export interface ClassState {
  readonly name: DeviceClass;
  readonly counter: Counter;
  readonly shares: Map<string, Share>;
  sweepSharesAt: number;
  /** Submitters with candidates here. */
  holders: number;
  /** Devices that take work now. */
  slots: number;
  /** All known, closed ones too. */
  readonly pools: Set<Pool>;
  readonly seen: Seen;
  /** Submitters for whom devices are booked. */
  booked: ReadonlySet<string>;
  readonly groups: Set<Group>;
  /** Groups with something pending. */
  readonly active: Set<Group>;
  openPools: number;
  /** Open pools with room, least load first. */
  readonly room: Heap<Pool>;
  /** Open pools with work behind their running attempts, most first. */
  readonly backlog: Heap<Pool>;
  /** Open pools with an idle device and nothing on its way to it. */
  readonly starved: Set<Pool>;
  judged: number;
  serviceMs: number;
}

export class Pool {
  /** Order of appearance. */
  readonly order: number;
  readonly host: Host;
  readonly model: string;
  readonly class: ClassState;
  readonly bookedFor: string | null;
  readonly devices = new Set<Device>();
  /** Devices that take work now. */
  available = 0;
  /** The host is attached and a device takes work. */
  open = false;
  readonly compiling = new Set<Entry>();
  readonly ready = new Heap<Entry>(isBefore);
  /** Tags of what its devices began last, by priority. */
  readonly begun = new BoundedMap<number, number>(PRIORITIES_MAX);
  /** Entries on their way here from devices. */
  incoming = 0;
  judged = 0;
  serviceMs = SERVICE_DEFAULT_MS;
  compiled = 0;
  compileMs = COMPILE_DEFAULT_MS;
  /** What its compiler said of sources. */
  readonly compiles: Tally = createTally();
  readonly seen: Seen;
  /** Outstanding milliseconds of work per device; and those behind the running attempts. */
  loadMs = 0;
  backlogMs = 0;
  readonly roomNode: HeapNode<Pool> = nodeOf(this);
  readonly backlogNode: HeapNode<Pool> = nodeOf(this);
  dirty = false;

  constructor(made: Pick<Pool, 'order' | 'host' | 'model' | 'class' | 'bookedFor'>) {
    this.order = made.order;
    this.host = made.host;
    this.model = made.model;
    this.class = made.class;
    this.bookedFor = made.bookedFor;
    this.seen = createSeen(made.class.seen);
    countIn(this.compiles, this.seen.compiles);
  }
}

/** It is gone, and what its compiler said counts no more. Its devices are the caller's to count elsewhere. */
export const leaveClass = (pool: Pool): void => {
  pool.class.pools.delete(pool);
  countIn(pool.compiles, null);
};

export interface Device {
  readonly id: DeviceId;
  readonly host: Host;
  /** Null for a device known only from an adopted attempt. */
  pool: Pool | null;
  /** By what its runner says. */
  offered: boolean;
  /** Offered, not quarantined, and its host does not drain. */
  available: boolean;
  readonly trust: Trust;
  /** Of its attempts, those that met a failure that is not the candidate's. */
  readonly attempts: Tally;
  /** Something is wrong with it that no canary tells. */
  fault: boolean;
  /** Handed over and not ended, oldest first. */
  readonly entries: Set<Entry>;
  running: Entry | null;
  readonly samples: number[];
  sampled: number;
  /** Below `low` entries it is filled to `high`. */
  low: number;
  high: number;
  filling: boolean;
}

export interface Host {
  readonly id: HostId;
  up: boolean;
  /** It is given nothing more; what its devices have goes on. */
  draining: boolean;
  runnerId: string | null;
  labels: ReadonlySet<string>;
  languages: ReadonlySet<Language>;
  compileSlots: number;
  rttMs: number;
  readonly devices: Map<DeviceId, Device>;
  readonly pools: Map<string, Pool>;
  readonly attempts: Set<Entry>;
  /** Bad words of its devices since one of them was asked for a canary. */
  refused: number;
  deadline: HeapNode<Deadline> | null;
}

export interface CoreState {
  readonly options: SchedulerOptions;
  nowMs: number;
  nextSequence: number;
  nextPool: number;
  readonly tasks: Map<CandidateId, Entry>;
  readonly attempts: Map<AttemptId, Entry>;
  readonly hosts: Map<HostId, Host>;
  readonly classes: Map<DeviceClass, ClassState>;
  readonly groups: Map<string, Group>;
  sweepGroupsAt: number;
  readonly submitters: Map<string, Submitter>;
  /** By submitter; who is not named has RULES_DEFAULT. */
  rules: ReadonlyMap<string, Rules>;
  /** Device time since it was set, of submitters whose is limited. */
  usedMs: Map<string, number>;
  readonly stages: Record<Exclude<Counted, 'none'>, number>;
  /** Waiting entries, oldest first. */
  readonly ages: Heap<Entry>;
  /** Pending entries of groups that some open pool matches. */
  runnable: number;
  readonly deadlines: Heap<Deadline>;
  /** A canary may be due before the next tick. */
  canaryDue: boolean;
  /** Work left to do in this event. */
  readonly dirtyPools: Pool[];
  readonly placingGroups: Group[];
  outbox: Effect[];
}

export const RULES_DEFAULT: Rules = { weight: 1, runningMax: null, deviceMsMax: null };

/** Of what is ready: confirmations first, then by priority, tag, time and arrival. Of one class only: tags of two have nothing to do with each other. */
export const isBefore = (a: Entry, b: Entry): boolean => {
  const left = a.confirm ? 0 : a.task.priority;
  const right = b.confirm ? 0 : b.task.priority;
  if (left !== right) return left < right;
  if (a.tag !== b.tag) return a.tag < b.tag;
  if (a.task.queuedAtMs !== b.task.queuedAtMs) return a.task.queuedAtMs < b.task.queuedAtMs;
  return a.sequence < b.sequence;
};

const isOlder = (a: Entry, b: Entry): boolean =>
  a.task.queuedAtMs === b.task.queuedAtMs ? a.sequence < b.sequence : a.task.queuedAtMs < b.task.queuedAtMs;

export const createState = (options: SchedulerOptions): CoreState => ({
  options,
  nowMs: 0,
  nextSequence: 0,
  nextPool: 0,
  tasks: new Map(),
  attempts: new Map(),
  hosts: new Map(),
  classes: new Map(),
  groups: new Map(),
  sweepGroupsAt: 0,
  submitters: new Map(),
  rules: new Map(),
  usedMs: new Map(),
  stages: { queued: 0, compiling: 0, ready: 0, judging: 0, confirming: 0 },
  ages: new Heap(isOlder),
  runnable: 0,
  deadlines: new Heap((a, b) => a.atMs < b.atMs),
  canaryDue: false,
  dirtyPools: [],
  placingGroups: [],
  outbox: [],
});

export const emit = (core: CoreState, effect: Effect): void => {
  core.outbox.push(effect);
};

/** The pool is looked at before this event ends. */
export const touch = (core: CoreState, pool: Pool): void => {
  if (pool.dirty) return;
  pool.dirty = true;
  core.dirtyPools.push(pool);
};
