import type { Clock } from '../../platform/clock.ts';

export interface TimeLimit {
  /** Aborts when the caller's does, or the time is over. */
  readonly signal: AbortSignal;
  readonly isOver: () => boolean;
  readonly end: () => void;
}

/** By hand: `AbortSignal.any` on a signal that lives as long as a campaign would gather listeners. */
export const timeLimit = (
  signal: AbortSignal,
  { clock, ms }: { readonly clock: Pick<Clock, 'after'>; readonly ms: number },
): TimeLimit => {
  const controller = new AbortController();
  let isOver = false;
  const stop = (): void => controller.abort();
  const cancel = clock.after(ms, () => {
    isOver = true;
    stop();
  });
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  return {
    signal: controller.signal,
    isOver: () => isOver,
    end: () => {
      cancel();
      signal.removeEventListener('abort', stop);
    },
  };
};
