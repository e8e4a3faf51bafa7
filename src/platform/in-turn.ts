/** Work on one thing at a time: what reads, changes and writes it must not meet another that does. */

/** Runs `work` once all that was asked for under the same key before has ended, however it ended. */
export type InTurn<Key> = <T>(key: Key, work: () => Promise<T>) => Promise<T>;

export const createInTurn = <Key>(): InTurn<Key> => {
  /** By key, the end of what was asked for last. */
  const ends = new Map<Key, Promise<void>>();
  return async (key, work) => {
    const before = ends.get(key);
    const { promise: end, resolve } = Promise.withResolvers<void>();
    ends.set(key, end);
    try {
      await before;
      return await work();
    } finally {
      if (ends.get(key) === end) ends.delete(key);
      resolve();
    }
  };
};
