/** One call whose body and answer are many bytes. fetch would copy each of them several times: this hands them on as they are. */
import type { Buffer } from 'node:buffer';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { text } from 'node:stream/consumers';
import { KilnError } from '../domain/errors.ts';
import { errorOfAnswer, unreachable } from './errors.ts';
import { addressOf, type Call, type Connection, type Endpoint, headersOf } from './http.ts';

export type Exchange = Omit<Call, 'body' | 'bytes'> & { readonly frames: readonly Buffer[] };

/** The answer as it comes. Throws the server's error, DAEMON_UNREACHABLE; an abort by the caller's own signal passes through. */
export const exchange = async (
  connection: Connection,
  endpoint: Endpoint,
  { frames, ...call }: Exchange,
): Promise<AsyncIterable<Uint8Array>> => {
  const answer = await answerOf(connection, endpoint, { frames, ...call });
  const { statusCode = 0 } = answer;
  if (statusCode < 200 || statusCode > 299) throw errorOfAnswer(statusCode, await text(reached(connection, answer)));
  return reached(connection, answer);
};

const answerOf = async (connection: Connection, endpoint: Endpoint, { frames, ...call }: Exchange): Promise<IncomingMessage> => {
  const address = new URL(addressOf(connection, endpoint, call));
  const length = frames.reduce((sum, { length: bytes }) => sum + bytes, 0);
  const headers = { ...headersOf(connection, call), 'content-type': 'application/octet-stream', 'content-length': length };
  // A connection of its own: one that was kept may have been closed by the other side, and what is sent is not sent twice.
  const options = { method: endpoint.method, headers, signal: call.signal, agent: false } as const;
  return new Promise((resolve, reject) => {
    const outgoing = (address.protocol === 'https:' ? requestSecure : requestPlain)(address, options, resolve);
    outgoing.on('error', (error) => reject(error.name === 'AbortError' ? error : unreachable(connection.url, error)));
    outgoing.cork();
    for (const frame of frames) outgoing.write(frame);
    outgoing.end();
  });
};

/** Bytes as they come. Throws as `exchange` does. */
export async function* reached(connection: Connection, answer: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer) {
      if (!(chunk instanceof Uint8Array)) throw new KilnError('INTERNAL', 'an answer gave no bytes');
      yield chunk;
    }
  } catch (error) {
    if (error instanceof KilnError || (error instanceof Error && error.name === 'AbortError')) throw error;
    throw unreachable(connection.url, error);
  }
}
