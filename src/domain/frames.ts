/**
 * Frames of the runner protocol: u32 header bytes, u32 payload bytes, JSON header, payload (src/domain/protocol.ts).
 *
 * The decoder takes any chunking and copies a body only when it spans chunks. Its limits are checked on the eight bytes of
 * lengths, before anything is buffered: a stream that is not ours ends at once instead of eating memory.
 */
import { KilnError } from './errors.ts';
import { HEADER_BYTES_MAX, PAYLOAD_BYTES_MAX } from './protocol.ts';

const LENGTHS_BYTES = 8;
const SHOWN_BYTES_MAX = 60;

export interface Frame {
  /** JSON as sent; validate before use. */
  readonly header: unknown;
  readonly payload: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** Throws KilnError PROTOCOL_ERROR when header or payload are above their limits. */
export const encodeFrame = (header: object, payload: Buffer = EMPTY): Buffer => {
  const start = frameStart(header, payload.length);
  return payload.length === 0 ? start : Buffer.concat([start, payload]);
};

/** What goes before a payload: for one that is large, and is not to be copied. */
export const frameStart = (header: object, payloadBytes: number): Buffer => {
  const json = JSON.stringify(header);
  const headerBytes = Buffer.byteLength(json);
  checkLengths(headerBytes, payloadBytes);
  const start = Buffer.allocUnsafe(LENGTHS_BYTES + headerBytes);
  start.writeUInt32BE(headerBytes, 0);
  start.writeUInt32BE(payloadBytes, 4);
  start.write(json, LENGTHS_BYTES);
  return start;
};

const checkLengths = (headerBytes: number, payloadBytes: number, start?: Buffer): void => {
  if (headerBytes <= HEADER_BYTES_MAX && payloadBytes <= PAYLOAD_BYTES_MAX) return;
  const seen = start ? `; the stream goes ${JSON.stringify(start.toString('latin1', 0, SHOWN_BYTES_MAX))}` : '';
  throw new KilnError(
    'PROTOCOL_ERROR',
    `frame of ${headerBytes} + ${payloadBytes} bytes; the limits are ${HEADER_BYTES_MAX} and ${PAYLOAD_BYTES_MAX}${seen}`,
  );
};

/** Incremental: `push` returns the frames that the chunk completed, in order. After it threw, the stream is beyond use. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** Bytes that the next step needs: the lengths, or the whole frame once they are known. */
  #needed = LENGTHS_BYTES;

  /** Bytes held back for a frame that is not complete yet. */
  get buffered(): number {
    return this.#buffered;
  }

  /** Throws KilnError PROTOCOL_ERROR for lengths above the limits and headers that are not JSON. */
  push(chunk: Buffer): readonly Frame[] {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered < this.#needed) return [];
    return this.#drain(this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#buffered));
  }

  #drain(bytes: Buffer): readonly Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    this.#needed = LENGTHS_BYTES;
    while (bytes.length - at >= LENGTHS_BYTES) {
      const size = frameBytes(bytes, at);
      this.#needed = size;
      if (bytes.length - at < size) break;
      frames.push(readFrame(bytes, at));
      at += size;
      this.#needed = LENGTHS_BYTES;
    }
    const rest = bytes.subarray(at);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#buffered = rest.length;
    return frames;
  }
}

const frameBytes = (bytes: Buffer, at: number): number => {
  const headerBytes = bytes.readUInt32BE(at);
  const payloadBytes = bytes.readUInt32BE(at + 4);
  checkLengths(headerBytes, payloadBytes, bytes.subarray(at));
  return LENGTHS_BYTES + headerBytes + payloadBytes;
};

const readFrame = (bytes: Buffer, at: number): Frame => {
  const start = at + LENGTHS_BYTES;
  const payloadStart = start + bytes.readUInt32BE(at);
  const payload = bytes.subarray(payloadStart, payloadStart + bytes.readUInt32BE(at + 4));
  try {
    const header: unknown = JSON.parse(bytes.toString('utf8', start, payloadStart));
    return { header, payload };
  } catch (cause) {
    const seen = JSON.stringify(bytes.toString('latin1', start, Math.min(payloadStart, start + SHOWN_BYTES_MAX)));
    throw new KilnError('PROTOCOL_ERROR', `frame header is not JSON: ${seen}`, { cause });
  }
};
