/**
 * Who writes a prompt's prefix into the service's cache. A hundred agents that begin at once would each pay for writing the same prefix, since it can be read only once the
 * service has begun to answer whoever wrote it: so one goes first, and the others wait for that.
 *
 * A prefix is cold (the next one writes it), being written (others wait), or warm (nobody waits) until its life without a use is over.
 */
import { BoundedMap } from '../../platform/bounded-map.ts';

/** Problems, devices and language choices of all campaigns at once. */
const PREFIXES_MAX = 256;

interface Prefix {
  /** Milliseconds; read again, it lives as long again. */
  warmUntilMs: number;
  /** Resolves when its writer is through, well or not; null while nobody writes it. */
  writing: Promise<void> | null;
}

export interface Turn {
  /** The service has begun to answer: the prefix can be read. */
  begun(): void;
  /** To be called in any case. */
  end(): void;
}

export interface CacheWriters {
  /** Resolves when this one may send: at once, or when the prefix is warm, or when nobody writes it any more. Soon where `signal` aborts. */
  enter(prefix: string, signal: AbortSignal): Promise<Turn>;
}

export const createCacheWriters = ({ lifeMs, now }: { readonly lifeMs: number; readonly now: () => number }): CacheWriters => {
  const prefixes = new BoundedMap<string, Prefix>(PREFIXES_MAX);

  const writer = (prefix: Prefix): Turn => {
    const { promise, resolve } = Promise.withResolvers<void>();
    prefix.writing = promise;
    const end = (): void => {
      if (prefix.writing === promise) prefix.writing = null;
      resolve();
    };
    return {
      begun: () => {
        prefix.warmUntilMs = now() + lifeMs;
        end();
      },
      end,
    };
  };

  return {
    enter: async (key, signal) => {
      const prefix = prefixes.use(key) ?? { warmUntilMs: -Infinity, writing: null };
      prefixes.set(key, prefix);
      while (!signal.aborted) {
        if (now() < prefix.warmUntilMs) return reader(prefix, () => now() + lifeMs);
        if (prefix.writing === null) return writer(prefix);
        await Promise.race([prefix.writing, aborted(signal)]);
      }
      return reader(prefix, () => prefix.warmUntilMs);
    },
  };
};

/** Of a prefix that the service does not cache: nobody waits for it, and nobody reads it. */
export const UNCACHED: Turn = { begun: () => undefined, end: () => undefined };

const reader = (prefix: Prefix, until: () => number): Turn => ({
  begun: () => {
    prefix.warmUntilMs = Math.max(prefix.warmUntilMs, until());
  },
  end: () => undefined,
});

const aborted = async (signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
};
