/** Values that are asked for again when they are older than a moment. Who asks meanwhile shares the answer. Bounded: the one used longest ago is forgotten. */
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
  const held = new Map<string, Held<V>>();

  const keep = (key: string, entry: Held<V>): void => {
    held.delete(key);
    held.set(key, entry);
    if (held.size > entriesMax) held.delete(held.keys().next().value ?? key);
  };

  const loaded = async (key: string, load: () => Promise<V>): Promise<V> => {
    const entry = { value: load(), atMs: now() };
    keep(key, entry);
    try {
      return await entry.value;
    } catch (error) {
      if (held.get(key) === entry) held.delete(key);
      throw error;
    }
  };

  return {
    forget: (key) => void held.delete(key),
    get: async (key, load) => {
      const known = held.get(key);
      if (!known || now() - known.atMs >= freshMs) return loaded(key, load);
      keep(key, known);
      return known.value;
    },
  };
};
