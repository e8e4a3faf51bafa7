/** One request to a host: frames both ways over a stream of its own. The stream is destroyed when the talk ends, and so ends what it began there. */
import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { errorOfHost, KilnError } from '../domain/errors.ts';
import { encodeFrame, FrameDecoder } from '../domain/frames.ts';
import { FromHost } from '../domain/hosts/work-frames.ts';
import { chunksOf } from '../platform/chunks-of.ts';
import { roomIn } from '../platform/room-in.ts';

export interface HostFrame {
  readonly frame: FromHost;
  readonly payload: Buffer;
}

export class Talk {
  readonly #stream: Duplex;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => {
    this.#stream.destroy();
  };

  constructor(stream: Duplex, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
    // The end of the stream is told by the reading side; an error before anybody reads must not end the process.
    stream.on('error', () => undefined);
    signal.addEventListener('abort', this.#onAbort);
    if (signal.aborted) this.#onAbort();
  }

  /** Resolves when there is room for more. */
  async send(header: object, payload?: Buffer): Promise<void> {
    await this.write(encodeFrame(header, payload));
  }

  /** Frames as bytes. Never rejects: why a stream broke is told by its reading side. `onTaken`: once the bytes are not read any more. */
  async write(bytes: Uint8Array, onTaken?: () => void): Promise<void> {
    if (this.#stream.destroyed || this.#stream.write(bytes, onTaken)) return;
    await roomIn(this.#stream);
  }

  /** Until the host hangs up. Throws what the host refused, and for what is no frame. */
  async *frames(): AsyncGenerator<HostFrame> {
    const decoder = new FrameDecoder();
    for await (const chunk of this.bytes()) {
      for (const { header, payload } of decoder.push(chunk)) {
        const frame = parseFrame(header);
        if (frame.type === 'error') throw errorOfHost(frame);
        yield { frame, payload };
      }
    }
  }

  /** As they come. A stream that broke ends them: whoever reads knows what must have come before. */
  async *bytes(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of chunksOf(this.#stream)) yield asBuffer(chunk);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new KilnError(
        'HOST_NOT_CONNECTED',
        this.#signal.aborted ? 'given up' : `the connection to the host broke: ${error.message}`,
        {
          cause: error,
        },
      );
    }
  }

  end(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#stream.destroy();
  }
}

const asBuffer = (chunk: unknown): Buffer => {
  if (Buffer.isBuffer(chunk)) return chunk;
  throw new KilnError('PROTOCOL_ERROR', 'a host’s stream gave no bytes');
};

const parseFrame = (header: unknown): FromHost => {
  const parsed = FromHost.safeParse(header);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new KilnError(
    'PROTOCOL_ERROR',
    `the host answered with a frame that does not parse: ${issue?.path.join('.')}: ${issue?.message}`,
  );
};
