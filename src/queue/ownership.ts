/**
 * A queue holds the jobs of one store, and one daemon works on it. Beside the jobs, so that it is lost with them, stands an entry: the store's
 * id, the daemon that has the store with its epoch (src/store/daemon-lease.ts), and a beat that rises with every look.
 *
 * Modes: ours; foreign (another store claimed the queue after it was emptied: nothing is leased, added or ended until it is ours again); lost
 * (a daemon that has the store after us works on it: foreign, for good).
 * Entry to foreign and lost: a look finds another's entry. Exit of foreign: a look finds ours, or none.
 * An entry that is gone, or older than what we wrote, says that the queue was emptied or went back in time: jobs may be missing.
 */
import { z } from 'zod';
import { DaemonHolder, holderText } from '../domain/daemon-holder.ts';
import { KilnError } from '../domain/errors.ts';
import { StoreIdentity } from '../domain/store-identity.ts';
import type { QueueLog } from './health.ts';

/** Swaps that another daemon's overtook. */
const TRIES_MAX = 5;
/** A daemon that has not looked for so long (it was suspended) looks before it does anything. */
const LOOK_AGE_MS_MAX = 10_000;

const Owner = z.object({
  store: StoreIdentity,
  epoch: z.int().nonnegative(),
  holder: DaemonHolder,
  beat: z.int().nonnegative(),
});
type Owner = z.infer<typeof Owner>;

/** Where the owner is kept. */
export interface OwnerEntry {
  read(): Promise<string | null>;
  /** Writes `after` where `before` is still there (null: nothing is). False where it is not. */
  swap(before: string | null, after: string): Promise<boolean>;
  /** Whether the entry can go back in time unseen by transactions (a server that keeps jobs in memory): then every look writes. */
  readonly beats: boolean;
}

export interface OwnershipOptions {
  readonly store: StoreIdentity;
  /** Of this daemon among those that had the store: the higher one owns the queue. */
  readonly epoch: number;
  readonly holder: DaemonHolder;
  /** Id of another store whose queue is taken over on purpose. */
  readonly adopt: string | null;
  /** For people: where the queue is. */
  readonly place: string;
  readonly log: QueueLog;
  /** Called once, when the mode becomes lost. */
  readonly onLost: (error: KilnError) => void;
  readonly monotonicMs?: () => number;
}

export type Look = 'ours' | 'reset' | 'foreign';

export interface Ownership {
  /** Throws QUEUE_OWNED_ELSEWHERE, or STORE_IN_USE where a later daemon works on it. */
  readonly claim: () => Promise<void>;
  /** Reads the entry. `reset`: it was gone or too old, and is ours again. */
  readonly look: () => Promise<Look>;
  /** Whether the last look is too old to go by. */
  readonly isStale: () => boolean;
  /** Throws what `claim` would, by what the last look found. */
  readonly require: () => void;
  readonly isOurs: () => boolean;
}

export const createOwnership = (entry: OwnerEntry, options: OwnershipOptions): Ownership => {
  const { store, epoch, holder, log, onLost, monotonicMs = () => performance.now() } = options;
  let written: Owner = { store, epoch, holder, beat: 0 };
  let refusal: KilnError | null = null;
  let isLost = false;
  let lookedAtMs = -Infinity;
  let looking: Promise<Look> | null = null;

  const write = async (found: string | null): Promise<boolean> => {
    const next = { ...written, beat: written.beat + 1 };
    if (!(await entry.swap(found, JSON.stringify(next)))) return false;
    written = next;
    return true;
  };

  const claim = async (): Promise<void> => {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const found = await entry.read();
      const owner = parseOwner(found);
      const against = owner && owner.store.id !== options.adopt ? objection(owner, written, options) : null;
      if (against) throw against;
      if (!(await write(found))) continue;
      lookedAtMs = monotonicMs();
      if (owner && owner.store.id !== store.id)
        log.warn({ from: owner.store, store }, 'took over the queue of another store, as queue.adopt says');
      return;
    }
    throw new KilnError('QUEUE_UNAVAILABLE', `the owner of ${options.place} keeps changing: several daemons are starting on it`);
  };

  const refuse = (error: KilnError): 'foreign' => {
    if (!refusal) log.warn({}, `${error.message}. Nothing is taken from the queue or added to it meanwhile`);
    refusal = error;
    if (error.code === 'STORE_IN_USE' && !isLost) onLost(error);
    isLost ||= error.code === 'STORE_IN_USE';
    return 'foreign';
  };

  const lookOnce = async (): Promise<Look> => {
    if (isLost) return 'foreign';
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const found = await entry.read();
      const owner = parseOwner(found);
      const against = owner ? objection(owner, written, options) : null;
      if (against) return refuse(against);
      const isBehind = owner === null || owner.epoch < epoch || owner.beat < written.beat;
      if (owner && !isBehind) written = owner;
      if ((isBehind || entry.beats) && !(await write(found))) continue;
      lookedAtMs = monotonicMs();
      if (refusal) log.info({}, 'the queue is ours again');
      refusal = null;
      return isBehind ? 'reset' : 'ours';
    }
    return 'foreign';
  };
  const look = async (): Promise<Look> => {
    looking ??= lookOnce().finally(() => {
      looking = null;
    });
    return looking;
  };

  return {
    claim,
    look,
    isStale: () => monotonicMs() - lookedAtMs > LOOK_AGE_MS_MAX,
    require: () => {
      if (refusal) throw refusal;
    },
    isOurs: () => refusal === null,
  };
};

/** What speaks against working on a queue with this entry; null: nothing. */
const objection = (owner: Owner, ours: Owner, options: OwnershipOptions): KilnError | null => {
  if (owner.store.id !== ours.store.id) return ownedElsewhere(owner, options);
  const isOther = owner.holder.daemonId !== ours.holder.daemonId || owner.holder.since !== ours.holder.since;
  const isLater = owner.epoch > ours.epoch || (owner.epoch === ours.epoch && isOther);
  return isLater ? takenOver(owner, options) : null;
};

/** Null also for what is no owner: an entry that was damaged holds nobody back. */
export const parseOwner = (text: string | null): Owner | null => {
  try {
    return text === null ? null : (Owner.safeParse(JSON.parse(text)).data ?? null);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const ownedElsewhere = ({ store: owner }: Owner, { store, place }: OwnershipOptions): KilnError =>
  new KilnError(
    'QUEUE_OWNED_ELSEWHERE',
    `${place} holds the jobs of another store: ${owner.name} (${owner.id}); this daemon's is ${store.name} (${store.id}). ` +
      'Use another queue.prefix (KILN_QUEUE_PREFIX) for this daemon. To take the queue over on purpose, and lose the jobs that this ' +
      `store does not know, set queue.adopt (KILN_QUEUE_ADOPT) to ${owner.id}`,
    { details: { owner, store } },
  );

const takenOver = ({ holder }: Owner, { place }: OwnershipOptions): KilnError =>
  new KilnError(
    'STORE_IN_USE',
    `${place} is worked on by a daemon that has the same store: ${holderText(holder)}. One daemon works on a queue: stop that one, or this one`,
    { details: { holder } },
  );
