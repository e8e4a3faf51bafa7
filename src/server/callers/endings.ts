/**
 * Tells those who still serve a caller that its right is over: an answer that goes on, as a stream of events, ends with the token or the session it was
 * asked for with. Whoever waits stops waiting once it has answered, so nothing is kept of what nobody is served with.
 */
import type { IncomingMessage } from 'node:http';

/** Calls `onEnd` once, at once where it is over already. Returns what stops the waiting. */
export type WhenOver = (onEnd: () => void) => () => void;

export interface Endings {
  /** `endsAtMs`: when it expires; null: never by itself. */
  when(key: string, endsAtMs: number | null): WhenOver;
  /** It is over now: revoked, or signed out. */
  end(key: string): void;
}

/** A timer of Node holds no more than 24.8 days. */
const TIMER_MS_MAX = 24 * 3_600_000;

export const createEndings = (now: () => number): Endings => {
  const waiting = new Map<string, Set<() => void>>();
  return {
    when: (key, endsAtMs) => (onEnd) => {
      let timer: NodeJS.Timeout | undefined;
      const stop = (): void => {
        clearTimeout(timer);
        const ends = waiting.get(key);
        ends?.delete(end);
        if (ends?.size === 0) waiting.delete(key);
      };
      const end = (): void => {
        stop();
        onEnd();
      };
      const look = (): void => {
        if (endsAtMs === null) return;
        const leftMs = endsAtMs - now();
        if (leftMs <= 0) end();
        else timer = setTimeout(look, Math.min(leftMs, TIMER_MS_MAX)).unref();
      };
      waiting.set(key, (waiting.get(key) ?? new Set()).add(end));
      look();
      return stop;
    },
    end: (key) => waiting.get(key)?.forEach((end) => end()),
  };
};

/** The configured token, this machine's own programs, and what is open to all. */
export const NEVER_OVER: WhenOver = () => () => undefined;

/** As soon as one of them is. */
export const whenEither =
  (one: WhenOver, other: WhenOver): WhenOver =>
  (onEnd) => {
    const stops = [one, other].map((when) => when(onEnd));
    return () => stops.forEach((stop) => stop());
  };

const byRequest = new WeakMap<IncomingMessage, WhenOver>();

export const noteEnding = (raw: IncomingMessage, whenOver: WhenOver): void => void byRequest.set(raw, whenOver);
export const endingOf = (raw: IncomingMessage): WhenOver => byRequest.get(raw) ?? NEVER_OVER;
