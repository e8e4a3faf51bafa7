/** What happened to a request on its way. */

const CAUSES_MAX = 8;
const NEVER_CONNECTED: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo']);

/** Nothing of the request left this machine: there was no connection to send it over. */
export const isUnsent = (error: unknown): boolean => {
  let at: unknown = error;
  for (let depth = 0; depth < CAUSES_MAX && at instanceof Error; depth += 1) {
    if ('syscall' in at && NEVER_CONNECTED.has(at.syscall)) return true;
    if ('code' in at && at.code === 'UND_ERR_CONNECT_TIMEOUT') return true;
    // All addresses of a name were tried.
    if (at instanceof AggregateError) return at.errors.every(isUnsent);
    at = at.cause;
  }
  return false;
};

export const isEventStream = (headers: Headers): boolean => headers.get('content-type')?.includes('text/event-stream') === true;
