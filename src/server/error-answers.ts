/** Every failure leaves the server as {code, message, details?, requestId}; what a 5xx knows stays in the log. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorBody } from '../domain/api/errors.ts';
import { ERRORS, KilnError } from '../domain/errors.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const RETRY_AFTER_SECONDS = 1;
/** For an answer to arrive before its connection is cut. */
const LINGER_MS = 1000;

/** Fastify's own refusals, told in our words. */
const REFUSALS: Readonly<Record<string, { readonly code: 'INVALID_REQUEST' | 'BATCH_TOO_LARGE'; readonly message: string }>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: {
    code: 'INVALID_REQUEST',
    message: 'body: not valid JSON, or with a key "__proto__": check names, quotes, commas and braces',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'INVALID_REQUEST', message: 'body: empty: send a JSON object' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'INVALID_REQUEST', message: 'content-type: only "application/json" is read here' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'INVALID_REQUEST', message: 'content-length: differs from the body that came' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'INVALID_REQUEST', message: 'the path: a part of it is longer than any name or id' },
  FST_ERR_BAD_URL: { code: 'INVALID_REQUEST', message: 'the path is not valid: check its percent-encoding' },
};

export const installErrorAnswers = (app: FastifyInstance, limits: { readonly bodyBytesMax: number }): void => {
  app.setErrorHandler((error, request, reply) => answerError({ error: toKilnError(error, limits), request, reply }));
  app.setNotFoundHandler((request) => {
    throw new KilnError('NOT_FOUND', `nothing answers ${request.method} ${pathOf(request.url)}: /docs lists what does`);
  });
};

const pathOf = (url: string): string => url.split('?', 1)[0] ?? url;

const toKilnError = (error: unknown, { bodyBytesMax }: { readonly bodyBytesMax: number }): KilnError => {
  if (error instanceof KilnError) return error;
  const { code, status } = factsOf(error);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new KilnError('BATCH_TOO_LARGE', `body: over ${bodyBytesMax} bytes: send fewer or smaller candidates at once`, {
      details: { bodyBytesMax },
    });
  }
  const refusal = REFUSALS[code];
  if (refusal) return new KilnError(refusal.code, refusal.message, { cause: error });
  if (status >= 400 && status < 500)
    return new KilnError('INVALID_REQUEST', 'the request could not be read: /docs shows what is expected', { cause: error });
  return new KilnError('INTERNAL', 'unexpected failure', { cause: error });
};

const factsOf = (error: unknown): { readonly code: string; readonly status: number } => {
  if (!(error instanceof Error)) return { code: '', status: 500 };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  return { code, status };
};

const answerError = async ({
  error,
  request,
  reply,
}: {
  error: KilnError;
  request: FastifyRequest;
  reply: FastifyReply;
}): Promise<ErrorBody> => {
  if (error.status >= 500) request.log.error({ err: error, code: error.code }, 'request failed');
  else request.log.debug({ code: error.code, message: error.message }, 'request refused');
  const wait = retryAfter(error);
  if (wait !== null) void reply.header('retry-after', wait);
  if (error.code === 'TOO_MANY_WRONG_TOKENS') void reply.header('connection', 'close');
  if (error.code === 'UNAUTHORIZED') void reply.header('www-authenticate', 'Bearer realm="kiln"');
  void reply.status(error.status).type(JSON_TYPE);
  return errorBody(error, request.id);
};

/** Whoever knows when it may succeed says so; null where the same request never does. */
export const retryAfter = ({ details, retryable }: KilnError): string | null => {
  const seconds = details?.['retrySeconds'];
  if (typeof seconds === 'number') return String(seconds);
  return retryable ? String(RETRY_AFTER_SECONDS) : null;
};

/** For answers that are text, such as those of tools: code and message, and what a 5xx knows stays in the log. */
export const answerFor = (error: unknown, requestId: string, log: FastifyBaseLogger): string => {
  const known = error instanceof KilnError ? error : new KilnError('INTERNAL', 'unexpected failure', { cause: error });
  if (known.status >= 500) log.error({ err: known, code: known.code, requestId }, 'tool failed');
  const { code, message } = errorBody(known, requestId);
  return `${code}: ${message}${known.retryable ? ' (the same call may succeed later)' : ''}`;
};

/** For what fails before a route is looked up, such as a bad path. */
export const answerFrameworkError = (error: Error, request: { readonly id: string }, reply: BareReply): void => {
  const known = toKilnError(error, { bodyBytesMax: 0 });
  reply.hijack();
  reply.raw
    .writeHead(known.status, { 'content-type': JSON_TYPE, 'x-request-id': request.id })
    .end(JSON.stringify(errorBody(known, request.id)));
};

interface BareReply {
  readonly raw: ServerResponse;
  hijack(): unknown;
}

/** For what is no HTTP at all, or took too long to come. */
export const answerClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const message =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'the request did not come in time' : 'this is not a valid HTTP request';
  const body = JSON.stringify(errorBody(new KilnError('INVALID_REQUEST', message), randomUUID()));
  const head = `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`;
  socket.end(`${head}\r\n\r\n${body}`);
  // The answer closes our side alone: who does not read it could go on sending for ever.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
};

const errorBody = (error: KilnError, requestId: string): ErrorBody => {
  if (error.status >= 500) return { code: error.code, message: serverMessage(error, requestId), requestId };
  const { code, message, details } = error;
  return details === undefined ? { code, message, requestId } : { code, message, details, requestId };
};

const serverMessage = (error: KilnError, requestId: string): string => {
  if (error.code === 'STOPPING') return 'the daemon is stopping: try again when it is back';
  const next = ERRORS[error.code].retryable ? 'try again; if it stays, look' : 'look';
  return `the daemon could not answer: ${next} into its log for request ${requestId}`;
};
