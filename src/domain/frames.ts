/**
 * Frames of the runner protocol: u32 header bytes, u32 payload bytes, JSON header, payload (src/domain/protocol.ts).
 *
 * The decoder takes any chunking and copies a frame only when it spans chunks, once. Its limits are checked on the eight bytes of
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

export interface FrameMemory {
  /** For a frame that comes in several chunks. */
  readonly take: (bytes: number) => Buffer;
  /** A chunk of which nothing is read any more. */
  readonly onCopied: (chunk: Buffer) => void;
}

/** Incremental: `push` returns the frames that the chunk completed, in order. After it threw, the stream is beyond use. */
export class FrameDecoder {
  readonly #memory: FrameMemory;
  /** The beginning of a frame whose lengths are not known yet. */
  #start = EMPTY;
  /** A frame that has begun, and how much of it is there. */
  #body: { readonly bytes: Buffer; filled: number } | null = null;

  constructor(memory: Partial<FrameMemory> = {}) {
    this.#memory = { take: (bytes) => Buffer.allocUnsafe(bytes), onCopied: () => undefined, ...memory };
  }

  /** Bytes held back for a frame that is not complete yet. */
  get buffered(): number {
    return this.#body?.filled ?? this.#start.length;
  }

  /** Throws KilnError PROTOCOL_ERROR for lengths above the limits and headers that are not JSON. */
  push(chunk: Buffer): readonly Frame[] {
    const frames: Frame[] = [];
    let bytes = chunk;
    if (this.#start.length > 0) {
      bytes = Buffer.concat([this.#start, chunk]);
      this.#start = EMPTY;
    }
    let at = this.#fill(bytes, frames);
    let isRead = false;
    while (bytes.length - at >= LENGTHS_BYTES) {
      const size = frameBytes(bytes, at);
      if (bytes.length - at < size) {
        this.#body = { bytes: this.#memory.take(size), filled: 0 };
        at += this.#fill(bytes.subarray(at), frames);
        break;
      }
      frames.push(readFrame(bytes, at));
      isRead = true;
      at += size;
    }
    // A copy, or the few bytes would hold the memory of all.
    if (at < bytes.length) this.#start = Buffer.from(bytes.subarray(at));
    if (!isRead) this.#memory.onCopied(chunk);
    return frames;
  }

  /** Of a frame that has begun. Returns how many bytes belonged to it. */
  #fill(bytes: Buffer, frames: Frame[]): number {
    const body = this.#body;
    if (!body) return 0;
    const count = bytes.copy(body.bytes, body.filled);
    body.filled += count;
    if (body.filled === body.bytes.length) {
      frames.push(readFrame(body.bytes, 0));
      this.#body = null;
    }
    return count;
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
