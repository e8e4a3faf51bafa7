/**
 * One call of a contract. Over node:http in place of fetch: fetch copies each of many bytes several times, and to load it costs a command of the CLI more than all
 * else that it does.
 */
import { Buffer } from 'node:buffer';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { KilnError } from '../domain/errors.ts';
import { chunksOf } from '../platform/chunks-of.ts';
import { roomIn } from '../platform/room-in.ts';
import { errorOfAnswer, unreachable } from './errors.ts';

// An import would read all that it exports, and so load its WebSocket, which takes ten times as long as the rest.
const { request: requestPlain } = process.getBuiltinModule('node:http');

export interface Connection {
  /** Without a trailing slash. */
  readonly url: string;
  readonly token: string | null;
  /** Who is at work, for the journal: told, not proven. */
  readonly user: string | null;
  readonly answerLimitMs?: number | undefined;
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
  /** In place of `body`: one after another, handed on as they are. Those that are made as they leave end with the answer, should it come before. */
  readonly bytes?: readonly Uint8Array[] | AsyncIterable<Uint8Array>;
  /** Of `bytes` that are made as they leave: nobody reads these any more. */
  readonly onSent?: (bytes: Uint8Array) => void;
  /** On a connection that nothing else uses: one that was kept may have been closed by the other side meanwhile, and many bytes are not sent twice. */
  readonly ownConnection?: true;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** As a method of the client makes it: it is given up after its time, and the `waitMs` that the daemon may take on top. */
export type CallOptions = Omit<Call, 'signal'> & { readonly waitMs?: number };

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As they come. Throws DAEMON_UNREACHABLE; an abort by the caller's own signal passes through. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The answer, whatever its status. Throws DAEMON_UNREACHABLE; an abort by the caller's own signal passes through. */
export const request = async (connection: Connection, endpoint: Endpoint, call: Call): Promise<Answer> => {
  try {
    const message = await sent(connection, endpoint, call);
    return { status: message.statusCode ?? 0, headers: message.headers, bytes: bytesOf(connection, message, call.signal) };
  } catch (error) {
    throw failureOf(connection, error, call.signal);
  }
};

const sent = async (connection: Connection, endpoint: Endpoint, call: Call): Promise<IncomingMessage> => {
  const address = new URL(addressOf(connection, endpoint, call));
  const isPlain = address.protocol !== 'https:';
  const { request: open } = isPlain ? { request: requestPlain } : await import('node:https');
  const parts = call.bytes ?? (call.body === undefined ? [] : [Buffer.from(JSON.stringify(call.body))]);
  const length = Symbol.asyncIterator in parts ? 0 : parts.reduce((sum, { length: bytes }) => sum + bytes, 0);
  const headers = { ...headersOf(connection, call), ...bodyHeaders(parts, length) };
  const agent = call.ownConnection ? { agent: isPlain && (await import('./own-connection.ts')).ownConnection() } : {};
  const outgoing = open(address, { method: endpoint.method, headers, signal: call.signal, ...agent });
  return new Promise((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    if (Symbol.asyncIterator in parts) {
      pour(parts, outgoing, call.onSent).catch((error: unknown) => {
        // Destroyed without one, it would never answer.
        outgoing.destroy(error instanceof Error ? error : new Error(String(error)));
      });
      return;
    }
    outgoing.cork();
    for (const part of parts) outgoing.write(part);
    outgoing.end();
  });
};

/** A connection that the other side may close with its answer takes the answer away where more is on its way there. */
const bodyHeaders = (parts: object, length: number): Record<string, string | number> => {
  if (Symbol.asyncIterator in parts) return { connection: 'keep-alive' };
  return length === 0 ? {} : { 'content-length': length };
};

/** The next is made while those before are on their way. */
const pour = async (
  parts: AsyncIterable<Uint8Array>,
  outgoing: ClientRequest,
  onSent: (bytes: Uint8Array) => void = () => undefined,
): Promise<void> => {
  for await (const part of parts) {
    if (!outgoing.write(part, () => onSent(part))) await roomIn(outgoing);
    if (outgoing.destroyed) return;
  }
  outgoing.end();
};

async function* bytesOf(connection: Connection, message: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* chunksOf(message);
  } catch (error) {
    throw failureOf(connection, error, signal);
  }
}

const failureOf = ({ url }: Connection, error: unknown, signal: AbortSignal): unknown => {
  if (error instanceof KilnError) return error;
  if (!signal.aborted) return unreachable(url, error);
  const reason: unknown = signal.reason;
  return reason instanceof Error && reason.name === 'TimeoutError' ? unreachable(url, reason) : reason;
};

/** Time for an answer; a long poll gets its waiting time on top. */
const ANSWER_LIMIT_MS = 60_000;

/** As `request`, and given up after its time. */
export const send = (connection: Connection, endpoint: Endpoint, { waitMs = 0, ...call }: CallOptions): Promise<Answer> =>
  request(connection, endpoint, {
    ...call,
    signal: AbortSignal.timeout((connection.answerLimitMs ?? ANSWER_LIMIT_MS) + waitMs),
  });

/** The answer may be held back so long. */
export const held = (seconds: number): Pick<CallOptions, 'query' | 'waitMs'> => ({
  query: { wait: seconds || undefined },
  waitMs: seconds * 1000,
});

/** Of who waits for ever. */
export const never = (): AbortSignal => new AbortController().signal;

/** An answer that is a success. Throws the server's error of any other. */
export const accepted = async (answer: Answer): Promise<Answer> => {
  if (answer.status < 200 || answer.status > 299) throw errorOfAnswer(answer.status, await textOf(answer));
  return answer;
};

/** All of an answer. */
export const wholeOf = async ({ bytes }: Answer): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
};

export const textOf = async (answer: Answer): Promise<string> => (await wholeOf(answer)).toString();

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

/** The endpoints of a contract, loaded when the first of them is called. */
type Loading<Contract> = () => Promise<Contract>;
interface JsonEndpoint extends Endpoint {
  readonly schema: { readonly response: { readonly 200: z.ZodType } };
}
type SchemaOf<
  Contract extends Readonly<Record<Name, JsonEndpoint>>,
  Name extends string,
> = Contract[Name]['schema']['response'][200];

/** The answer of an endpoint that answers with JSON. */
export type Json = <Name extends string, Contract extends Readonly<Record<Name, JsonEndpoint>>>(
  contract: Loading<Contract>,
  name: Name,
  call?: CallOptions,
) => Promise<z.output<SchemaOf<Contract, Name>>>;

export const createJson =
  (connection: Connection): Json =>
  async <Name extends string, Contract extends Readonly<Record<Name, JsonEndpoint>>>(
    contract: Loading<Contract>,
    name: Name,
    call: CallOptions = {},
  ) => {
    const endpoint = (await contract())[name];
    const text = await textOf(await accepted(await send(connection, endpoint, call)));
    return parseAnswer<SchemaOf<Contract, Name>>(endpoint.schema.response[200], text);
  };

/** The answer of an endpoint that answers with text. */
export type Text = <Name extends string>(
  contract: Loading<Readonly<Record<Name, Endpoint>>>,
  name: Name,
  call?: CallOptions,
) => Promise<string>;

export const createText =
  (connection: Connection): Text =>
  async (contract, name, call = {}) =>
    textOf(await accepted(await send(connection, (await contract())[name], call)));

const headersOf = ({ token, user }: Connection, call: Call): Record<string, string> => ({
  ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  ...(user === null ? {} : { 'x-kiln-user': encodeURIComponent(user) }),
  ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
  ...(call.bytes === undefined ? {} : { 'content-type': 'application/octet-stream' }),
  ...call.headers,
});

const addressOf = (connection: Connection, endpoint: Endpoint, { params = {}, query = {} }: Call): string => {
  const path = endpoint.url.replaceAll(/:(\w+)/g, (_match, name: string) => encodeURIComponent(params[name] ?? ''));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  return `${connection.url}${path}${search.size === 0 ? '' : `?${search.toString()}`}`;
};
