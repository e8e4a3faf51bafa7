import type { ServerResponse } from 'node:http';
import { endingOf } from './callers/endings.ts';

/** A signal that aborts when the client goes away, its token or session ends, or the server closes. Call `release` when the request is served. */
export const requestSignal = (
  raw: ServerResponse,
  closing: AbortSignal,
): { readonly signal: AbortSignal; readonly release: () => void } => {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort();
  };
  raw.once('close', abort);
  const stopWaiting = endingOf(raw.req)(abort);
  if (closing.aborted) abort();
  else closing.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    release: () => {
      raw.off('close', abort);
      stopWaiting();
      closing.removeEventListener('abort', abort);
      // Ends what still waits on it, such as a timer.
      abort();
    },
  };
};
