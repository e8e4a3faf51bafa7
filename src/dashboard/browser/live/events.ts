/**
 * The journal as it grows, for the whole page: one connection, told in batches.
 *
 * Modes: `connecting`, `live`, `lost` (the browser tries again by itself), and closed while nobody sees the page: a browser has few
 * connections for one daemon, and tabs in the background must not take them. Whoever listens is told when the stream is (again) live, since
 * what happened before was not told.
 */
import { signal } from '@preact/signals';
import type { JournalEvent } from '../../../domain/journal.ts';
import { ask } from './api.ts';

type Listener = (events: readonly JournalEvent[]) => void;

const BATCH_MS = 250;
const BATCH_EVENTS_MAX = 5000;
const REOPEN_MS = 2000;
const TYPES: Readonly<Record<JournalEvent['type'], true>> = {
  'candidate.queued': true,
  'candidate.compiling': true,
  'candidate.ready': true,
  'candidate.judging': true,
  'candidate.confirming': true,
  'candidate.requeued': true,
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
  'device.changed': true,
  'device.quarantined': true,
  'compiler.quarantined': true,
  'host.held': true,
  'host.released': true,
  'compiler.returned': true,
  'device.returned': true,
  'daemon.started': true,
  'daemon.stopped': true,
  'journal.trimmed': true,
};

export const connection = signal<'connecting' | 'live' | 'lost'>('connecting');
/** Rises with every (re)connection: what was read before may be old. */
export const generation = signal(0);

const listeners = new Set<Listener>();
let waiting: JournalEvent[] = [];
let timer: ReturnType<typeof setTimeout> | null = null;
let source: EventSource | null = null;

/** Returns the unsubscriber. */
export const onEvents = (listener: Listener): (() => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

export const startEvents = (): void => {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) close();
    else open();
  });
  // Pages that a browser kept aside (back and forward) and computers that slept.
  globalThis.addEventListener('pageshow', open);
  globalThis.addEventListener('online', open);
  open();
};

const close = (): void => {
  source?.close();
  source = null;
};

const open = (): void => {
  if (document.hidden || (source !== null && source.readyState !== EventSource.CLOSED)) return;
  close();
  connection.value = 'connecting';
  const own = new EventSource('/v1/events');
  source = own;
  own.addEventListener('open', () => {
    connection.value = 'live';
    generation.value += 1;
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
