/** Works that want to be alone, one after another. */
export interface Alone {
  /** Somebody is alone, or waits for it. */
  readonly isWanted: () => boolean;
  readonly run: (work: () => Promise<void>) => Promise<void>;
}

/** `before`: resolves when nothing else is under way; `after`: nobody wants to be alone any more. */
export const createAlone = ({ before, after }: { before: () => Promise<unknown>; after: () => void }): Alone => {
  let wanting = 0;
  let last: Promise<void> = Promise.resolve();
  return {
    isWanted: () => wanting > 0,
    run: async (work) => {
      const previous = last;
      const done = Promise.withResolvers<void>();
      last = done.promise;
      wanting += 1;
      try {
        await previous;
        await before();
        await work();
      } finally {
        done.resolve();
        wanting -= 1;
        if (wanting === 0) after();
      }
    },
  };
};
