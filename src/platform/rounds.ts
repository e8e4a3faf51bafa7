/** Work that is done again and again while the daemon runs. */
export interface Rounds {
  /** One at a time: a slow one is not overtaken by the next. */
  every(ms: number, work: () => Promise<void>, failure: string): void;
  /** Idempotent. What has begun goes on to its end. */
  stop(): void;
}

/** `onFailure`: a round failed; the next one comes. */
export const createRounds = (onFailure: (failure: string, error: unknown) => void): Rounds => {
  const timers: NodeJS.Timeout[] = [];
  return {
    every: (ms, work, failure) => {
      let isBusy = false;
      const timer = setInterval(() => {
        if (isBusy) return;
        isBusy = true;
        void work()
          .catch((error: unknown) => onFailure(failure, error))
          .finally(() => {
            isBusy = false;
          });
      }, ms);
      timers.push(timer);
    },
    stop: () => {
      for (const timer of timers.splice(0)) clearInterval(timer);
    },
  };
};
