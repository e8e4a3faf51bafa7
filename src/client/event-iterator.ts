/**
 * Follows an event stream over broken connections.
 *
 * Modes: `connecting`, `reading` (messages are yielded), `waiting` (after a broken connection, with backoff). It resumes with
 * the id of the last event it yielded, so none is lost or repeated. It ends when the server says that nothing is left (204) or when
 * `signal` aborts. The first connection is not retried: an unreachable daemon is told at once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { KilnError } from '../domain/errors.ts';
import { JournalEvent } from '../domain/journal.ts';
import { accepted, type Answer, type Connection, type Endpoint, parseAnswer, request } from './http.ts';
import { readMessages } from '../platform/server-sent-events.ts';
import { doubledMs } from '../platform/backoff.ts';

export interface EventLimits {
  /** Consecutive broken connections before it gives up. */
  readonly reconnectsMax: number;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** Silence for this long (the server sends something every 15 s) counts as a broken connection. */
  readonly silenceMs: number;
}
export const EVENT_LIMITS: EventLimits = { reconnectsMax: 60, backoffMs: 250, backoffMaxMs: 5000, silenceMs: 45_000 };
const NO_CONTENT = 204;

export interface EventSource {
  readonly connection: Connection;
  readonly endpoint: Endpoint;
  readonly params: Readonly<Record<string, string>>;
  readonly after: number | undefined;
  readonly signal: AbortSignal;
  readonly limits: EventLimits;
}

export async function* followEvents(source: EventSource): AsyncGenerator<JournalEvent> {
  const { signal, limits } = source;
  let lastId: string | null = null;
  let failures = 0;
  let connected = false;
  while (!isAborted(signal)) {
    const attempt = new Attempt(source, lastId);
    failures += 1;
    try {
      for await (const event of attempt.events()) {
        failures = 0;
        lastId = String(event.sequence);
        yield event;
      }
      if (attempt.ended) return;
    } catch (error) {
      if (isAborted(signal)) return;
      if (!connected && !attempt.opened) throw error;
      if (!isPassing(error) || failures > limits.reconnectsMax) throw error;
    } finally {
      attempt.close();
    }
    connected ||= attempt.opened;
    if (failures > 0) await pause(backoff(limits, failures), null, { signal }).catch(ignoreAbort);
  }
}

/** A call, so that the check is not taken for one whose answer is known already. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

const backoff = ({ backoffMs, backoffMaxMs }: EventLimits, failures: number): number =>
  doubledMs(failures, { minMs: backoffMs, maxMs: backoffMaxMs });

/** A refusal that will not change is not worth another try; a broken connection is. */
const isPassing = (error: unknown): boolean => !(error instanceof KilnError) || error.retryable;

const ignoreAbort = (error: unknown): void => {
  if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
};

/** One connection. */
class Attempt {
  readonly #source: EventSource;
  readonly #lastId: string | null;
  readonly #controller = new AbortController();
  readonly #abort = (): void => {
    this.#controller.abort();
  };
  readonly #silence: NodeJS.Timeout;
  /** The server said that there is nothing left. */
  ended = false;
  /** The server accepted the stream. */
  opened = false;

  constructor(source: EventSource, lastId: string | null) {
    this.#source = source;
    this.#lastId = lastId;
    this.#silence = setTimeout(this.#abort, source.limits.silenceMs);
    source.signal.addEventListener('abort', this.#abort);
    if (source.signal.aborted) this.#abort();
  }

  async *events(): AsyncGenerator<JournalEvent> {
    const answer = await this.#connect();
    this.opened = true;
    if (answer.status === NO_CONTENT) {
      this.ended = true;
      return;
    }
    for await (const message of readMessages(answer.bytes)) {
      this.#silence.refresh();
      if (message !== null) yield parseAnswer(JournalEvent, message.data);
    }
  }

  async #connect(): Promise<Answer> {
    const { connection, endpoint, params, after } = this.#source;
    const headers = { accept: 'text/event-stream', ...(this.#lastId === null ? {} : { 'last-event-id': this.#lastId }) };
    const call = { params, query: { after }, headers, signal: this.#controller.signal };
    return accepted(await request(connection, endpoint, call));
  }

  close(): void {
    clearTimeout(this.#silence);
    this.#source.signal.removeEventListener('abort', this.#abort);
    this.#controller.abort();
  }
}
