/**
 * The journal as it grows, for the whole page: one connection, told in batches.
 *
 * Modes: `connecting`, `live`, `lost` (the browser tries again by itself), and closed while nobody sees the page: a browser has few
 * connections for one daemon, and tabs in the background must not take them. Whoever listens is told when the stream is (again) live, since
 * what happened before was not told.
 */
import { signal } from '@preact/signals';
import type { JournalEvent } from '../../../domain/journal.ts';
import { wallClockMs } from '../../../platform/clock.ts';
import { ask } from './api.ts';
import { firstSequence } from './first.ts';
import { IS_SHARED } from './share.ts';

type Listener = (events: readonly JournalEvent[]) => void;

const BATCH_MS = 250;
const BATCH_EVENTS_MAX = 5000;
const REOPEN_MS = 2000;
const TICK_MS = 1000;
/**
 * For the stream to begin: a browser may ask over a connection that it kept and whose other end is gone, and would wait for minutes. Each try
 * gives one of those up, and a daemon that is only slow is given longer each time.
 */
const CONNECT_LIMIT_MS = 4000;
const CONNECT_LIMIT_MS_MAX = 60_000;
/** Of a timer of `TICK_MS`. One that was only late costs a reconnection. */
const ASLEEP_MS = 5000;
/** Whoever came by a share link is told no events, which are everybody's: the page asks again so often. */
const SHARED_POLL_MS = 10_000;
const TYPES: Readonly<Record<JournalEvent['type'], true>> = {
  'candidate.queued': true,
  'candidate.queued_again': true,
  'candidate.compiling': true,
  'candidate.ready': true,
  'candidate.judging': true,
  'candidate.confirming': true,
  'candidate.requeued': true,
  'candidate.by_answers': true,
  'candidate.done': true,
  'candidate.record': true,
  'candidate.reopened': true,
  'candidate.paused': true,
  'candidate.resumed': true,
  'candidate.reprioritised': true,
  'sweep.created': true,
  'sweep.changed': true,
  'campaign.created': true,
  'campaign.changed': true,
  'profile.done': true,
  'host.connected': true,
  'host.lost': true,
  'host.refused': true,
  'host.work.started': true,
  'host.work.ended': true,
  'host.changed': true,
  'host.added': true,
  'host.draining': true,
  'host.removed': true,
  'fleet.reloaded': true,
  'fleet.refused': true,
  'problems.reloaded': true,
  'candidates.removed': true,
  'device.state': true,
  'device.changed': true,
  'device.quarantined': true,
  'compiler.quarantined': true,
  'host.held': true,
  'host.released': true,
  'host.booked': true,
  'host.unbooked': true,
  'compiler.returned': true,
  'device.returned': true,
  'daemon.started': true,
  'daemon.stopped': true,
  'journal.trimmed': true,
};

export const connection = signal<'connecting' | 'live' | 'lost'>('connecting');
/** Rises with every (re)connection: what was read before may be old. */
export const generation = signal(0);

/**
 * The first questions are asked behind the stream's beginning, so that nothing happens unseen between the two; but they wait no longer than this,
 * and not at all where the document says from which event on the stream tells.
 */
const FIRST_WAIT_MS = 300;
let begin: () => void = () => undefined;
/** Resolved when questions may be asked: what changes from then on is told. */
export const begun: Promise<void> = new Promise((resolve) => (begin = resolve));

const listeners = new Set<Listener>();
let waiting: JournalEvent[] = [];
let timer: ReturnType<typeof setTimeout> | null = null;
let source: EventSource | null = null;
let connectLimitMs = CONNECT_LIMIT_MS;

/** Returns the unsubscriber. */
export const onEvents = (listener: Listener): (() => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

export const startEvents = (): void => {
  setTimeout(begin, IS_SHARED || firstSequence !== null ? 0 : FIRST_WAIT_MS);
  if (IS_SHARED) {
    setInterval(() => {
      if (!document.hidden) generation.value += 1;
    }, SHARED_POLL_MS);
    return;
  }
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) close();
    else open();
  });
  // Pages that a browser kept aside (back and forward) and computers that slept.
  globalThis.addEventListener('pageshow', open);
  globalThis.addEventListener('online', open);
  watchForSleep();
  openAfter(firstSequence);
};

/**
 * A computer that slept may hold a connection that nobody is at the other end of, and no error tells: whoever finds that its timer stood
 * still for long takes another one.
 */
const watchForSleep = (): void => {
  let lastMs = wallClockMs();
  setInterval(() => {
    const nowMs = wallClockMs();
    const stoodStill = nowMs - lastMs > ASLEEP_MS;
    lastMs = nowMs;
    if (!stoodStill || document.hidden) return;
    close();
    open();
  }, TICK_MS);
};

const close = (): void => {
  source?.close();
  source = null;
};

const open = (): void => openAfter(null);

/** `sequence`: what was read is as of this event, so that whatever came after it is told and nothing need be asked again. */
const openAfter = (sequence: number | null): void => {
  if (document.hidden || (source !== null && source.readyState !== EventSource.CLOSED)) return;
  close();
  connection.value = 'connecting';
  const own = new EventSource(sequence === null ? '/v1/events' : `/v1/events?after=${sequence}`);
  source = own;
  let isKnown = sequence !== null;
  const limit = setTimeout(() => {
    if (source !== own || own.readyState !== EventSource.CONNECTING) return;
    connectLimitMs = Math.min(2 * connectLimitMs, CONNECT_LIMIT_MS_MAX);
    close();
    open();
  }, connectLimitMs);
  own.addEventListener('open', () => {
    clearTimeout(limit);
    connectLimitMs = CONNECT_LIMIT_MS;
    connection.value = 'live';
    if (!isKnown) generation.value += 1;
    isKnown = false;
    begin();
  });
  own.addEventListener('error', () => {
    if (source !== own) return;
    connection.value = 'lost';
    if (own.readyState === EventSource.CLOSED) setTimeout(reopen, REOPEN_MS);
  });
  for (const type of Object.keys(TYPES)) own.addEventListener(type, onMessage);
};

/** Refused, not cut: the question is answered with the reason, and leads to the sign-in where the session has ended. */
const reopen = (): void => {
  void ask('GET', '/v1/queue').then(open, () => {
    if (!document.hidden) setTimeout(reopen, REOPEN_MS);
  });
};

const onMessage = (message: MessageEvent<string>): void => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the daemon's own journal
  waiting.push(JSON.parse(message.data) as JournalEvent);
  if (waiting.length > BATCH_EVENTS_MAX) waiting = waiting.slice(-BATCH_EVENTS_MAX);
  timer ??= setTimeout(flush, BATCH_MS);
};

const flush = (): void => {
  timer = null;
  const batch = waiting;
  waiting = [];
  for (const listener of listeners) listener(batch);
};
