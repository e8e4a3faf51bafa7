/** Answers that come as they happen: one JSON document a line. */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { KilnError } from '../domain/errors.ts';

/** Where nothing was said for so long, a line says that all is well: clients and proxies end what is silent. */
export const ALIVE_MS = 15_000;
const ALIVE = { event: 'alive' } as const;

/** What fails before the first event is the request's own error; later it is the last line. `done` is called once, however it ends. */
export const sendLines = async (reply: FastifyReply, events: AsyncIterable<object>, done: () => void): Promise<FastifyReply> => {
  const iterator = events[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    const lines = Readable.from(linesOf({ iterator, first, done, reply }), { objectMode: false, highWaterMark: 64 * 1024 });
    return await reply
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .type('application/x-ndjson')
      .send(lines);
  } catch (error) {
    done();
    throw error;
  }
};

interface Lines {
  readonly iterator: AsyncIterator<object>;
  readonly first: IteratorResult<object>;
  readonly done: () => void;
  readonly reply: FastifyReply;
}

async function* linesOf({ iterator, first, done, reply }: Lines): AsyncGenerator<string> {
  try {
    let next = first;
    while (!next.done) {
      yield `${JSON.stringify(next.value)}\n`;
      const coming = iterator.next();
      for (let late = await quietly(coming); late === null; late = await quietly(coming)) yield `${JSON.stringify(ALIVE)}\n`;
      next = await coming;
    }
  } catch (error) {
    yield `${JSON.stringify(lastWords(error, reply))}\n`;
  } finally {
    done();
    await iterator.return?.();
  }
}

/** Null after ALIVE_MS; whether it failed is for whoever awaits it. */
const quietly = async (coming: Promise<unknown>): Promise<true | null> => {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), ALIVE_MS);
  try {
    return await Promise.race([
      coming.then(
        () => true as const,
        () => true as const,
      ),
      promise,
    ]);
  } finally {
    clearTimeout(timer);
  }
};

const lastWords = (error: unknown, reply: FastifyReply): object => {
  if (error instanceof KilnError) return { event: 'error', code: error.code, message: error.message };
  reply.log.error({ err: error }, 'an answer broke off');
  return {
    event: 'error',
    code: 'INTERNAL',
    message: `unexpected failure: look into the daemon's log for request ${reply.request.id}`,
  };
};
