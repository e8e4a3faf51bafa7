/** Calls of the API, typed by the contracts that the server's routes are made of. Types only: zod stays at the daemon. */
import type { z } from 'zod';
import type { ENDPOINTS } from '../../../domain/api/endpoints.ts';
import { learnDate } from './clock.ts';
import { takeFirst } from './first.ts';
import { IS_SHARED, mayAsk, SHARE_BASE } from './share.ts';

type Values<T> = T extends unknown ? T[keyof T] : never;
type Endpoint = Values<Values<typeof ENDPOINTS>>;
type Method = Endpoint['method'];
type UrlOf<M extends Method> = Extract<Endpoint, { readonly method: M }>['url'];
type Answers<M extends Method, U extends string> =
  Extract<Endpoint, { readonly method: M; readonly url: U }> extends {
    readonly schema: { readonly response: { readonly 200: infer S } };
  }
    ? S
    : never;
export type Answer<U extends string, M extends Method = 'GET'> =
  Answers<M, U> extends z.ZodType ? z.output<Answers<M, U>> : string;
type Body<M extends Method, U extends string> =
  Extract<Endpoint, { readonly method: M; readonly url: U }> extends {
    readonly schema: { readonly body: infer S extends z.ZodType };
  }
    ? z.input<S>
    : undefined;

export interface Call<B> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: B;
}

/** What the daemon said was wrong. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const UNREACHABLE = 'the daemon does not answer: is it running? (kiln up starts it)';
const UNAUTHORIZED = 401;
/** What is read is asked again; a connection whose other end is gone must not hold it up for minutes. */
const READ_LIMIT_MS = 20_000;
const NOT_SHARED = 'this is no part of what is shared by the link';

/** Throws ApiError. Where the session has ended, the page leaves for the sign-in. */
export const ask = async <M extends Method, U extends UrlOf<M>>(
  method: M,
  url: U,
  call: Call<Body<M, U>> = {},
): Promise<Answer<U, M>> => {
  const address = addressOf(url, call);
  const first = method === 'GET' ? takeFirst(address) : null;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as below
  if (first !== null) return first.answer as Answer<U, M>;
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } };
  if (method === 'GET') init.signal = AbortSignal.timeout(READ_LIMIT_MS);
  if (call.body !== undefined) {
    init.body = JSON.stringify(call.body);
    init.headers = { accept: 'application/json', 'content-type': 'application/json' };
  }
  if (IS_SHARED && (method !== 'GET' || !mayAsk(address))) throw new ApiError('FORBIDDEN', NOT_SHARED);
  const response = await fetch(`${SHARE_BASE}${address}`, init).catch((error: unknown) => {
    throw new ApiError('UNREACHABLE', `${UNREACHABLE} (${error instanceof Error ? error.message : 'no answer'})`);
  });
  learnDate(response.headers.get('date'));
  if (response.status === UNAUTHORIZED) goToSignIn();
  if (!response.ok) throw await errorOf(response);
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the daemon's own answer, which it checked by the same contract
  return (isJson ? await response.json() : await response.text()) as Answer<U, M>;
};

export const addressOf = (url: string, { params = {}, query = {} }: Pick<Call<never>, 'params' | 'query'>): string => {
  const path = url.replaceAll(/:(\w+)/gu, (_match, name: string) => encodeURIComponent(params[name] ?? ''));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== '') search.set(key, String(value));
  return `${path}${search.size === 0 ? '' : `?${search.toString()}`}`;
};

/** The daemon tells whoever came by a share link that it has ended. */
export const goToSignIn = (): void => {
  if (IS_SHARED) {
    globalThis.location.reload();
    return;
  }
  const { pathname, search } = globalThis.location;
  globalThis.location.assign(`/sign-in?next=${encodeURIComponent(`${pathname}${search}`)}`);
};

const errorOf = async (response: Response): Promise<ApiError> => {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null || !('code' in body) || !('message' in body))
      return new ApiError('INTERNAL', text);
    return new ApiError(String(body.code), String(body.message));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return new ApiError('INTERNAL', `the daemon answered ${response.status}: ${text.slice(0, 200)}`);
  }
};
