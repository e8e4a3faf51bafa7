/**
 * Streams that hand on what one read brought as one: the pieces that are pushed into them lie in memory that the next read goes into (`reads-in-place.ts`), and are copied
 * together into memory of a pool. Whoever has read them gives them back.
 */
import type { Buffer } from 'node:buffer';
import type { Readable } from 'node:stream';
import { freeBytes } from './free-bytes.ts';
import { createMemoryPool } from './memory-pool.ts';
import { COPIED_BYTES_MAX, READ_BYTES } from './reads-in-place.ts';

/** More than wait for a slow reader: what a channel of SSH holds, and those who pass it on. */
const FREE_MAX = 64;
/** What a packet has beside its data. */
const AROUND_BYTES_MAX = 64;

/** Of a piece that began in an earlier read: of SSH, more than a packet may have. */
const BEGUN_BYTES_MAX = 64 * 1024;

const pool = createMemoryPool({ bytesMax: READ_BYTES + BEGUN_BYTES_MAX, bytesMin: COPIED_BYTES_MAX, freeMax: FREE_MAX });

/** Nobody reads any more what a stream that gathers handed on. Other bytes are left as they are. */
export const giveBackRead = pool.giveBack;

export interface Gathering {
  /** What is pushed into it from here on is gathered. */
  readonly gather: <Stream extends Readable>(stream: Stream) => Stream;
  /** At the end of a read. Returns how many pieces streams were pushed since the last. */
  readonly handOn: () => number;
}

interface Gathered {
  readonly push: (bytes: Buffer | null) => boolean;
  pieces: Buffer[];
}

export const createGathering = (): Gathering => {
  const streams = new Set<Gathered>();
  let count = 0;
  return {
    gather: (stream) => {
      const gathered: Gathered = { push: stream.push.bind(stream), pieces: [] };
      streams.add(gathered);
      stream.once('close', () => streams.delete(gathered));
      const push = (piece: Buffer | null): boolean => {
        if (piece === null) {
          handOnTo(gathered);
          return gathered.push(null);
        }
        count += 1;
        gathered.pieces.push(piece);
        return stream.readableLength < stream.readableHighWaterMark;
      };
      return Object.assign(stream, { push });
    },
    handOn: () => {
      for (const gathered of streams) handOnTo(gathered);
      const counted = count;
      count = 0;
      return counted;
    },
  };
};

const handOnTo = (gathered: Gathered): void => {
  const { pieces } = gathered;
  if (pieces.length === 0) return;
  gathered.pieces = [];
  gathered.push(joined(pieces));
};

const joined = (pieces: readonly Buffer[]): Buffer => {
  const bytes = pool.take(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    at += piece.copy(bytes, at);
    freeOwn(piece);
  }
  return bytes;
};

/** Memory that was made for this piece and what is around it, as for a packet that came in two reads. */
const freeOwn = ({ buffer, byteLength }: Buffer): void => {
  if (byteLength > COPIED_BYTES_MAX && buffer.byteLength - byteLength <= AROUND_BYTES_MAX) freeBytes(new Uint8Array(buffer));
};
