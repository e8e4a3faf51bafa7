/** An answer of the API that stays as it is now: asked again when events show that it changed, at most so often, and never unseen. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { JournalEvent } from '../../../domain/journal.ts';
import { ApiError } from './api.ts';
import { begun, connection, generation, onEvents } from './events.ts';

export interface Asked<T> {
  readonly data: T | null;
  readonly error: Error | null;
  /** Asks now. */
  readonly again: () => void;
}

export interface Options {
  /** Whether an event may change the answer. Left out: it does not change. */
  readonly on?: (event: JournalEvent) => boolean;
  /** Between two questions. */
  readonly pauseMs?: number;
  /** Asked so often also without events; 0: never. */
  readonly everyMs?: number;
}

const PAUSE_MS = 1000;

/** `key` says what is asked; null: nothing yet. Another key asks anew and forgets the old answer. */
export const useAnswer = <T>(key: string | null, read: () => Promise<T>, options: Options = {}): Asked<T> => {
  const [state, setState] = useState<{ readonly key: string | null; readonly data: T | null; readonly error: Error | null }>({
    key,
    data: null,
    error: null,
  });
  const latest = useRef({ read, options });
  latest.current = { read, options };
  const asker = useRef<() => void>(() => undefined);

  useEffect(() => {
    if (key === null) return undefined;
    const loop = createLoop({
      read: () => latest.current.read(),
      pauseMs: latest.current.options.pauseMs ?? PAUSE_MS,
      show: (data, error) => setState((before) => ({ key, data: data ?? (before.key === key ? before.data : null), error })),
    });
    asker.current = loop.ask;
    const stopEvents = onEvents((events) => {
      const { on } = latest.current.options;
      if (on && events.some(on)) loop.ask();
    });
    const stopGeneration = generation.subscribe(loop.ask);
    const { everyMs = 0 } = latest.current.options;
    const ticker = everyMs > 0 ? setInterval(() => document.hidden || loop.ask(), everyMs) : null;
    return () => {
      loop.stop();
      stopEvents();
      stopGeneration();
      if (ticker !== null) clearInterval(ticker);
    };
  }, [key]);

  const isCurrent = state.key === key;
  return { data: isCurrent ? state.data : null, error: isCurrent ? state.error : null, again: () => asker.current() };
};

interface Loop<T> {
  readonly read: () => Promise<T>;
  readonly pauseMs: number;
  readonly show: (data: T | null, error: Error | null) => void;
}

/** Asks once at a time; asked meanwhile, it asks once more after the pause. */
const createLoop = <T>({ read, pauseMs, show }: Loop<T>): { readonly ask: () => void; readonly stop: () => void } => {
  let state: 'idle' | 'waiting' | 'asking' | 'pausing' | 'stopped' = 'idle';
  let again = false;
  const run = async (): Promise<void> => {
    state = 'waiting';
    await begun;
    if (isStopped()) return;
    state = 'asking';
    again = false;
    const [data, error] = await read().then(
      (answer) => [answer, null] as const,
      (cause: unknown) => [null, cause instanceof Error ? cause : new Error(String(cause))] as const,
    );
    if (isStopped()) return;
    show(data, error);
    // Where there is no connection at all, the next one has everything asked again.
    if (error instanceof ApiError && error.code === 'UNREACHABLE' && connection.value === 'live') again = true;
    state = 'pausing';
    setTimeout(() => {
      if (isStopped()) return;
      state = 'idle';
      if (again) void run();
    }, pauseMs);
  };
  const isStopped = (): boolean => state === 'stopped';
  return {
    ask: () => {
      if (state === 'idle') void run();
      // Who waits has not asked yet, and will be told all that is so by then.
      else if (state !== 'waiting') again = true;
    },
    stop: () => {
      state = 'stopped';
    },
  };
};
