/** The lanes' history as it grows: what finished is asked for when events tell that something did. */
import { useEffect, useState } from 'preact/hooks';
import { createLaneHistory, type LaneHistory, type Stretch } from '../../model/lane-history.ts';
import { ask } from './api.ts';
import { daemonNowMs } from './clock.ts';
import { useAnswer } from './use-answer.ts';

/** Asked again for what was written while the last answer was made. */
const OVERLAP_MS = 3000;
const MINUTE_MS = 60_000;

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
  let begun: string | null = null;
  const listeners = new Set<(fresh: ReadonlyMap<string, readonly Stretch[]>) => void>();
  const tell = (fresh: ReadonlyMap<string, readonly Stretch[]>): void => {
    for (const listener of listeners) listener(fresh);
  };
  return {
    history,
    onFresh: (listener: (fresh: ReadonlyMap<string, readonly Stretch[]>) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    read: async (): Promise<true> => {
      if (begun === null) {
        const lanes = await ask('GET', '/v1/lanes', { query: { minutes: windowMs / MINUTE_MS } });
        begun = lanes.until;
        tell(history.begin(lanes));
      }
      const newest = Date.parse(history.newest() ?? begun);
      const from = Math.max(Date.parse(begun), newest - OVERLAP_MS, daemonNowMs() - windowMs);
      const { attempts } = await ask('GET', '/v1/activity', { query: { since: new Date(from).toISOString() } });
      tell(history.add(attempts, daemonNowMs()));
      return true;
    },
  };
};
