/**
 * Answers of some size are sent compressed to those who take it: a ranking of a thousand is a megabyte of JSON, and a tenth of that on the
 * wire. Event streams are no such answers (each event must leave at once), and what the dashboard serves is compressed once and kept.
 */
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';

/** Below it, the packet is the same one. */
const BYTES_MIN = 1400;
/** Of brotli, for answers that are made anew each time: what is above takes several times as long for a few percent. */
const BROTLI_QUALITY = 4;
const GZIP_LEVEL = 5;
const COMPRESSIBLE = /^(?:application\/json|text\/|image\/svg\+xml)/u;

type Encoding = 'br' | 'gzip';

export const installCompression = (app: FastifyInstance): void => {
  app.addHook('onSend', async (request, reply, payload: unknown) => {
    const type = String(reply.getHeader('content-type') ?? '');
    if (!COMPRESSIBLE.test(type) || reply.hasHeader('content-encoding')) return payload;
    if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return payload;
    if (Buffer.byteLength(payload) < BYTES_MIN) return payload;
    void reply.header('vary', 'accept-encoding');
    const encoding = encodingOf(request.headers['accept-encoding']);
    if (encoding === null || request.method === 'HEAD') return payload;
    const compressed = await COMPRESS[encoding](Buffer.from(payload));
    void reply.headers({ 'content-encoding': encoding, 'content-length': compressed.length });
    return compressed;
  });
};

const COMPRESS: Readonly<Record<Encoding, (bytes: Buffer) => Promise<Buffer>>> = {
  br: async (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  gzip: async (bytes) => promisify(gzip)(bytes, { level: GZIP_LEVEL }),
};

/** Null: as it is. One that is named with a weight of 0 is not taken. */
const encodingOf = (accepted: string | string[] | undefined): Encoding | null => {
  const taken = new Set(
    String(accepted ?? '')
      .split(',')
      .map((part) => part.split(';').map((piece) => piece.trim().toLowerCase()))
      .filter(([, weight = 'q=1']) => !/^q=0(?:\.0*)?$/u.test(weight))
      .map(([name]) => name),
  );
  if (taken.has('br')) return 'br';
  return taken.has('gzip') ? 'gzip' : null;
};
