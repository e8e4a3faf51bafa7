/** One call of a contract over fetch. */
import type { z } from 'zod';
import { KilnError } from '../domain/errors.ts';
import { errorOfAnswer, unreachable } from './errors.ts';

export interface Connection {
  /** Without a trailing slash. */
  readonly url: string;
  readonly token: string | null;
  /** Who is at work, for the journal: told, not proven. */
  readonly user: string | null;
}

export interface Endpoint {
  readonly method: string;
  readonly url: string;
}

/** `params` fill the `:name` parts of the path; undefined query values are left out. */
export interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** In place of `body`. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** As a method of the client makes it: it is given up after its time, and the `waitMs` that the daemon may take on top. */
export type CallOptions = Omit<Call, 'signal'> & { readonly waitMs?: number };

interface JsonContract<Answer extends z.ZodType> extends Endpoint {
  readonly schema: { readonly response: { readonly 200: Answer } };
}

/** The answer, whatever its status. Throws DAEMON_UNREACHABLE; an abort by the caller's own signal passes through. */
export const request = async (connection: Connection, endpoint: Endpoint, call: Call): Promise<Response> => {
  const init: RequestInit = { method: endpoint.method, headers: headersOf(connection, call), signal: call.signal };
  if (call.body !== undefined) init.body = JSON.stringify(call.body);
  if (call.bytes !== undefined) init.body = call.bytes;
  try {
    return await fetch(addressOf(connection, endpoint, call), init);
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error;
    throw unreachable(connection.url, error);
  }
};

/** Time for an answer; a long poll gets its waiting time on top. */
const ANSWER_LIMIT_MS = 60_000;

/** As `request`, and given up after its time. */
export const send = (connection: Connection, endpoint: Endpoint, { waitMs = 0, ...call }: CallOptions): Promise<Response> =>
  request(connection, endpoint, { ...call, signal: AbortSignal.timeout(ANSWER_LIMIT_MS + waitMs) });

/** Of who waits for ever. */
export const never = (): AbortSignal => new AbortController().signal;

/** The answer's text. Throws the server's error when it is not a success. */
export const textOf = async (connection: Connection, response: Response): Promise<string> => {
  const text = await response.text().catch((error: unknown) => {
    throw unreachable(connection.url, error);
  });
  if (!response.ok) throw errorOfAnswer(response.status, text);
  return text;
};

/** The answer's bytes. Throws the server's error when it is not a success. */
export const bytesOf = async (connection: Connection, response: Response): Promise<Uint8Array> => {
  if (!response.ok) await textOf(connection, response);
  return response.bytes().catch((error: unknown) => {
    throw unreachable(connection.url, error);
  });
};

/** The answer's JSON, checked by the contract's schema. */
export const parseAnswer = <Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> => {
  const parsed = schema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new KilnError(
    'INTERNAL',
    `the daemon's answer is not what this client expects (${issue?.path.join('.')}: ${issue?.message}): are both of one version?`,
  );
};

/** The answer of a contract, as a function of it. */
export type Json = <Answer extends z.ZodType>(contract: JsonContract<Answer>, call?: CallOptions) => Promise<z.output<Answer>>;

export const createJson =
  (connection: Connection): Json =>
  async (contract, call = {}) =>
    parseAnswer(contract.schema.response[200], await textOf(connection, await send(connection, contract, call)));

export const headersOf = ({ token, user }: Connection, call: Call): Record<string, string> => ({
  ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  ...(user === null ? {} : { 'x-kiln-user': encodeURIComponent(user) }),
  ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
  ...(call.bytes === undefined ? {} : { 'content-type': 'application/octet-stream' }),
  ...call.headers,
});

export const addressOf = (connection: Connection, endpoint: Endpoint, { params = {}, query = {} }: Call): string => {
  const path = endpoint.url.replaceAll(/:(\w+)/g, (_match, name: string) => encodeURIComponent(params[name] ?? ''));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  return `${connection.url}${path}${search.size === 0 ? '' : `?${search.toString()}`}`;
};
