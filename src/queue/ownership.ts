/**
 * A queue holds the jobs of one store. Who first opened it wrote its store's id into it; a daemon with another store is refused, or it would
 * end every job that its own store does not know.
 *
 * Modes: ours; foreign (another store claimed the queue after it was emptied: nothing is leased, added or ended until it is ours again).
 * Entry to foreign: `verify` finds another store's id. Exit: `verify` finds ours, or none.
 */
import { z } from 'zod';
import { KilnError } from '../domain/errors.ts';
import { StoreIdentity } from '../domain/store-identity.ts';
import type { QueueLog } from './health.ts';

/** Claims that were overtaken by another daemon's. */
const CLAIM_TRIES_MAX = 5;

const Owner = z.object({ store: StoreIdentity });
type Owner = z.infer<typeof Owner>;

/** Where the owner is kept: beside the jobs, so that it is lost with them. */
export interface OwnerRecord {
  read(): Promise<string | null>;
  /** Writes `after` where `before` is still there (null: nothing is). False where it is not. */
  swap(before: string | null, after: string): Promise<boolean>;
}

export interface OwnershipOptions {
  readonly store: StoreIdentity;
  /** Id of another store whose queue is taken over on purpose. */
  readonly adopt: string | null;
  /** For people: where the queue is. */
  readonly place: string;
  readonly log: QueueLog;
}

export interface Ownership {
  /** Throws QUEUE_OWNED_ELSEWHERE. */
  readonly claim: () => Promise<void>;
  /** `emptied`: the record was gone, and with it, most likely, jobs. It is ours again. */
  readonly verify: () => Promise<'ours' | 'emptied' | 'foreign'>;
  /** Throws QUEUE_OWNED_ELSEWHERE by what the last `verify` found. */
  readonly require: () => void;
  readonly isOurs: () => boolean;
}

export const createOwnership = (record: OwnerRecord, options: OwnershipOptions): Ownership => {
  const { store, adopt, log } = options;
  const mine = JSON.stringify({ store } satisfies Owner);
  let foreign: KilnError | null = null;

  const mayTake = (owner: Owner | null): boolean => owner === null || owner.store.id === store.id || owner.store.id === adopt;

  const claim = async (): Promise<void> => {
    for (let tries = 0; tries < CLAIM_TRIES_MAX; tries += 1) {
      const found = await record.read();
      const owner = parseOwner(found);
      if (owner && !mayTake(owner)) throw ownedElsewhere(owner, options);
      if (found === mine || (await record.swap(found, mine))) {
        if (owner && owner.store.id !== store.id)
          log.warn({ from: owner.store, store }, 'took over the queue of another store, as queue.adopt says');
        return;
      }
    }
    throw new KilnError('QUEUE_UNAVAILABLE', `the owner of ${options.place} keeps changing: several daemons are starting on it`);
  };

  const onForeign = (owner: Owner): 'foreign' => {
    const error = ownedElsewhere(owner, options);
    if (!foreign) log.warn({ owner: owner.store, store }, `${error.message}. Nothing is taken from it or added to it meanwhile`);
    foreign = error;
    return 'foreign';
  };

  return {
    claim,
    verify: async () => {
      const found = await record.read();
      const owner = parseOwner(found);
      if (owner && owner.store.id !== store.id) return onForeign(owner);
      const isEmptied = owner === null && (await record.swap(found, mine));
      if (foreign) log.info({}, 'the queue is ours again');
      foreign = null;
      return isEmptied ? 'emptied' : 'ours';
    },
    require: () => {
      if (foreign) throw foreign;
    },
    isOurs: () => foreign === null,
  };
};

/** Null also for what is no owner: a record that was damaged holds nobody back. */
const parseOwner = (text: string | null): Owner | null => {
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
