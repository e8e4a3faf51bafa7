/**
 * One reader of the journal for every stream and long poll.
 *
 * Modes: `idle` (no follower: nothing is read) and `following` (at least one). Entry to following: `follow()` reads the newest
 * sequence number and empties the ring; the last `unfollow` returns to idle. Invariant while following: the ring holds every event
 * with a sequence number in (`floor`, `head`], oldest first, so a follower whose cursor is at or above `floor` never asks the store.
 */
import type { FastifyBaseLogger } from 'fastify';
import type { CandidateId } from '../domain/ids.ts';
import type { JournalEvent } from '../domain/journal.ts';
import type { Kiln } from '../domain/ports/kiln.ts';

const RING_EVENTS_MAX = 4096;
const PAGE_EVENTS = 500;
/** Between two reads of the journal while writes keep coming: many writes, one read. */
const READ_PAUSE_MS = 50;
const RETRY_MS = 1000;

export interface Page {
  readonly events: readonly JournalEvent[];
  /** Pass it back as `after`: everything up to it was seen. */
  readonly cursor: number;
}

export interface PageQuery {
  readonly after: number;
  readonly candidateId: CandidateId | null;
}

export interface Follower {
  /** Events after `after`, at most one page; empty when there are none yet. */
  page(query: PageQuery): Promise<Page>;
  /** Resolves at the next event (of the candidate, or of any), after `ms`, or when `signal` aborts. */
  changed(candidateId: CandidateId | null, options: { readonly ms: number; readonly signal: AbortSignal }): Promise<void>;
  /** Sequence number up to which this feed has read. */
  head(): number;
  unfollow(): void;
}

type Wake = () => void;
const ANY = '';

export class EventFeed {
  readonly #kiln: Kiln;
  readonly #log: FastifyBaseLogger;
  readonly #waiting = new Map<string, Set<Wake>>();
  #ring: JournalEvent[] = [];
  #floor = 0;
  #head = 0;
  #followers = 0;
  #starting: Promise<void> | null = null;
  #unsubscribe: (() => void) | null = null;
  #reading = false;
  #again = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(deps: { readonly kiln: Kiln; readonly log: FastifyBaseLogger }) {
    this.#kiln = deps.kiln;
    this.#log = deps.log;
  }

  /** Who follows must unfollow. */
  async follow(): Promise<Follower> {
    this.#followers += 1;
    this.#starting ??= this.#start();
    try {
      await this.#starting;
    } catch (error) {
      this.#leave();
      throw error;
    }
    let left = false;
    return {
      page: (query) => this.#page(query),
      changed: (candidateId, options) => this.#changed(candidateId ?? ANY, options),
      head: () => this.#head,
      unfollow: () => {
        if (!left) this.#leave();
        left = true;
      },
    };
  }

  async #start(): Promise<void> {
    // Subscribe before asking: an event written in between only causes one read too many.
    this.#unsubscribe = this.#kiln.onEvents(() => {
      this.#onWrite();
    });
    this.#head = await this.#kiln.lastSequence();
    this.#floor = this.#head;
    this.#ring = [];
  }

  #leave(): void {
    this.#followers -= 1;
    if (this.#followers > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#starting = null;
    this.#ring = [];
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #onWrite(): void {
    this.#again = true;
    if (!this.#reading && this.#timer === null) void this.#read();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    this.#again = false;
    let pauseMs = READ_PAUSE_MS;
    try {
      await this.#starting;
      const events = await this.#kiln.events({ after: this.#head, limit: PAGE_EVENTS });
      if (this.#followers > 0) this.#append(events);
      if (events.length === PAGE_EVENTS) this.#again = true;
    } catch (error) {
      this.#log.warn({ err: error }, 'the journal could not be read for event streams; trying again');
      this.#again = true;
      pauseMs = RETRY_MS;
    }
    this.#reading = false;
    if (this.#again && this.#followers > 0) this.#readAfter(pauseMs);
  }

  #readAfter(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#read();
    }, ms);
  }

  #append(events: readonly JournalEvent[]): void {
    const fresh = events.filter((event) => event.sequence > this.#head);
    const last = fresh.at(-1);
    if (!last) return;
    this.#ring.push(...fresh);
    const dropped = this.#ring.splice(0, Math.max(0, this.#ring.length - RING_EVENTS_MAX));
    this.#floor = dropped.at(-1)?.sequence ?? this.#floor;
    this.#head = last.sequence;
    for (const key of new Set([ANY, ...fresh.map((event) => event.candidateId ?? ANY)])) this.#wake(key);
  }

  #wake(key: string): void {
    const wakes = this.#waiting.get(key);
    this.#waiting.delete(key);
    wakes?.forEach((wake) => {
      wake();
    });
  }

  async #page(query: PageQuery): Promise<Page> {
    if (query.after >= this.#floor) return this.#ringPage(query);
    // Read before the store answers: events written meanwhile are found in the ring by the next call.
    const head = this.#head;
    const { after, candidateId } = query;
    const events = await this.#kiln.events({ after, limit: PAGE_EVENTS, ...(candidateId === null ? {} : { candidateId }) });
    const last = events.at(-1)?.sequence ?? after;
    return { events, cursor: events.length < PAGE_EVENTS ? Math.max(head, last) : last };
  }

  #ringPage({ after, candidateId }: PageQuery): Page {
    const newer = this.#ring.slice(this.#indexAfter(after));
    const events = candidateId === null ? newer : newer.filter((event) => event.candidateId === candidateId);
    return { events, cursor: Math.max(after, this.#head) };
  }

  /** Index of the first event in the ring with a sequence number above `sequence`. */
  #indexAfter(sequence: number): number {
    let low = 0;
    let high = this.#ring.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ring[middle]?.sequence ?? 0) > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #changed(key: string, { ms, signal }: { readonly ms: number; readonly signal: AbortSignal }): Promise<void> {
    return new Promise((resolve) => {
      const wakes = this.#waiting.get(key) ?? new Set<Wake>();
      this.#waiting.set(key, wakes);
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        wakes.delete(wake);
        if (wakes.size === 0 && this.#waiting.get(key) === wakes) this.#waiting.delete(key);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      wakes.add(wake);
      if (signal.aborted) wake();
      else signal.addEventListener('abort', wake);
    });
  }
}
