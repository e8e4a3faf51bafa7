/** Values that are asked for again when they are older than a moment. Who asks meanwhile shares the answer. Bounded: the one used longest ago is forgotten. */
import { BoundedMap } from '../../platform/bounded-map.ts';

export interface FreshCache<V> {
  /** A failed load is not kept. */
  get(key: string, load: () => Promise<V>): Promise<V>;
  forget(key: string): void;
}

export interface FreshCacheOptions {
  /** `Infinity`: kept until it is forgotten. */
  readonly freshMs: number;
  readonly entriesMax: number;
  readonly now: () => number;
}

interface Held<V> {
  readonly value: Promise<V>;
  readonly atMs: number;
}

export const createFreshCache = <V>({ freshMs, entriesMax, now }: FreshCacheOptions): FreshCache<V> => {
  const held = new BoundedMap<string, Held<V>>(entriesMax);

  const loaded = async (key: string, load: () => Promise<V>): Promise<V> => {
    const entry = { value: load(), atMs: now() };
    held.set(key, entry);
    try {
      return await entry.value;
    } catch (error) {
      if (held.get(key) === entry) held.delete(key);
      throw error;
    }
  };

  return {
    forget: (key) => {
      held.delete(key);
    },
    get: async (key, load) => {
      const known = held.use(key);
      if (!known || now() - known.atMs >= freshMs) return loaded(key, load);
      return known.value;
    },
  };
};
