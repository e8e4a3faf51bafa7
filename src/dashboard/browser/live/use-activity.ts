/** The lanes' history as it grows: what finished is asked for when events tell that something did. */
import { useEffect, useState } from 'preact/hooks';
import { createLaneHistory, type LaneHistory, type Stretch } from '../../model/lane-history.ts';
import { ask } from './api.ts';
import { daemonNowMs } from './clock.ts';
import { useAnswer } from './use-answer.ts';

/** Asked again for what was written while the last answer was made. */
const OVERLAP_MS = 3000;
/** Of the first answer: where a window holds more, its beginning stays empty. */
const FIRST_MAX = 4000;

export interface LiveActivity {
  readonly history: LaneHistory;
  /** Rises with each answer. */
  readonly version: number;
  /** Called with what is new; returns the unsubscriber. */
  readonly onFresh: (listener: (fresh: ReadonlyMap<string, readonly Stretch[]>) => void) => () => void;
  readonly error: Error | null;
}

export const useActivity = (windowMs: number): LiveActivity => {
  const [store] = useState(() => createStore(windowMs));
  const [version, setVersion] = useState(0);
  const { error } = useAnswer('activity', () => store.read(), {
    on: ({ type }) => type === 'candidate.done' || type === 'candidate.requeued' || type === 'candidate.ready',
  });
  useEffect(() => store.onFresh(() => setVersion((before) => before + 1)), [store]);
  return { history: store.history, version, onFresh: store.onFresh, error };
};

const createStore = (windowMs: number) => {
  const history = createLaneHistory(windowMs);
  const listeners = new Set<(fresh: ReadonlyMap<string, readonly Stretch[]>) => void>();
  return {
    history,
    onFresh: (listener: (fresh: ReadonlyMap<string, readonly Stretch[]>) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    read: async (): Promise<true> => {
      const newest = history.newest();
      const from = Math.max(newest === null ? 0 : Date.parse(newest) - OVERLAP_MS, daemonNowMs() - windowMs);
      const { attempts } = await ask('GET', '/v1/activity', {
        query: { since: new Date(from).toISOString(), ...(newest === null ? { limit: FIRST_MAX } : {}) },
      });
      const fresh = history.add(attempts, daemonNowMs());
      for (const listener of listeners) listener(fresh);
      return true;
    },
  };
};
