import { ErrorBody } from '../domain/api/errors.ts';
import { KilnError } from '../domain/errors.ts';

/** A failed answer as the error that the server raised; `details.requestId` finds it in the daemon's log. */
export const errorOfAnswer = (status: number, text: string): KilnError => {
  const parsed = ErrorBody.safeParse(jsonOf(text));
  if (!parsed.success)
    return new KilnError('INTERNAL', `the server answered ${status} in a form that is not Kiln's: is the URL right?`);
  const { code, message, details, requestId } = parsed.data;
  return new KilnError(code, message, { details: { ...details, requestId } });
};

/** Undefined when it is not JSON: the caller's schema then refuses it. */
const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/** A call failed: nobody listens, the connection broke, or no answer came in time. */
export const unreachable = (url: string, error: unknown): KilnError => {
  const slow = error instanceof Error && error.name === 'TimeoutError';
  const message = slow
    ? `the daemon at ${url} did not answer in time: see its log, or try again`
    : `no daemon at ${url}: start one with ./kiln up, or name another with --url or KILN_URL`;
  return new KilnError('DAEMON_UNREACHABLE', message, { cause: error });
};
