/** What is looked at again and again while a queue is open: whether there is work, whether leases are kept, whose the queue is. */
import type { QueueBackend } from './backend.ts';
import type { Health, QueueLog } from './health.ts';
import type { Leases } from './leases.ts';
import type { Look, Ownership } from './ownership.ts';

/** Work added by this process is told at once; this is for what comes otherwise (stalled jobs, a backend that was away). */
const SAFETY_POLL_MS = 1_000;
/** How soon it is seen that the queue was emptied, or that another daemon works on it. */
const LOOK_EVERY_MS = 5_000;
const RENEWALS_PER_LEASE = 3;

export interface Parts {
  readonly health: Health;
  readonly backend: QueueBackend;
  readonly ownership: Ownership;
  readonly leases: Leases;
}

export interface Watch extends Routines {
  readonly onLoss: (listener: () => void) => void;
  readonly onWork: (listener: () => void) => void;
  /** Tells that there is work. */
  readonly notify: () => void;
  /** Whose the queue is; where it was emptied, its listeners are told first. */
  readonly look: () => Promise<Look>;
  /** A daemon that was suspended may have been replaced meanwhile. */
  readonly isOurs: () => Promise<boolean>;
}

/** What is looked at again and again, and who is told of it. */
export const createWatch = ({ health, backend, ownership, leases }: Parts, log: QueueLog): Watch => {
  const workListeners: (() => void)[] = [];
  const lossListeners: (() => void)[] = [];
  const notify = (): void => workListeners.forEach((listener) => listener());
  const tellLoss = (): void => lossListeners.forEach((listener) => listener());
  const look = async (): Promise<Look> => {
    const found = (await health.attemptQuietly('looking whose queue it is', async () => ownership.look())) ?? 'foreign';
    if (found !== 'reset') return found;
    log.warn({}, 'the queue was emptied or went back in time; what it lost is queued again');
    tellLoss();
    return found;
  };
  const isOurs = async (): Promise<boolean> => (ownership.isStale() ? (await look()) !== 'foreign' : ownership.isOurs());
  return {
    notify,
    look,
    isOurs,
    poll: async () => {
      if (!(await isOurs())) return;
      await leases.retryEnding();
      if (await health.attemptQuietly('looking for work', async () => backend.hasWaiting())) notify();
    },
    renew: async () => {
      if ((await leases.renew()) > 0) tellLoss();
    },
    onLoss: (listener) => void lossListeners.push(listener),
    onWork: (listener) => void workListeners.push(listener),
  };
};

interface Routines {
  readonly poll: () => Promise<void>;
  readonly renew: () => Promise<void>;
  readonly look: () => Promise<unknown>;
}

/** Calls `work` every `ms` until stopped. It resolves once what it began, or came beside, has ended. */
export type Every = (ms: number, work: () => Promise<void>) => () => void;

interface TimerOptions {
  readonly leaseMs: number;
  /** The system's timer by default; it does not hold the process. */
  readonly every?: Every;
}

/** Returns what stops the routines, lets the running ones end, and closes the backend; idempotent. */
export const startTimers = (
  { every = systemTimer, leaseMs }: TimerOptions,
  backend: QueueBackend,
  { poll, renew, look }: Routines,
) => {
  const routines = [
    startRoutine(every, SAFETY_POLL_MS, poll),
    startRoutine(every, leaseMs / RENEWALS_PER_LEASE, renew),
    startRoutine(every, LOOK_EVERY_MS, look),
  ];
  let closing: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    await Promise.all(routines.map(async (stopRoutine) => stopRoutine()));
    await backend.close();
  };
  return async (): Promise<void> => {
    closing ??= stop();
    await closing;
  };
};

/** A turn that comes while the last one still runs (a backend that hangs) is left out. */
const startRoutine = (every: Every, ms: number, work: () => Promise<unknown>): (() => Promise<void>) => {
  let running: Promise<unknown> | null = null;
  const stopTimer = every(ms, async () => {
    running ??= work().finally(() => {
      running = null;
    });
    await running;
  });
  return async () => {
    stopTimer();
    await running;
  };
};

const systemTimer = (ms: number, work: () => Promise<void>): (() => void) => {
  const timer = setInterval(() => void work(), ms).unref();
  return () => clearInterval(timer);
};
