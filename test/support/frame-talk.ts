/** Speaks frames over an open stream and waits for named answers, with a deadline. */
import type { Duplex } from 'node:stream';
import { FromRunner } from '../../src/domain/protocol.ts';
import { encodeFrame, FrameDecoder } from '../../src/domain/frames.ts';
import { HANG_MS } from './limits.ts';

export type FrameOf<T extends FromRunner['type']> = Extract<FromRunner, { type: T }>;

export class FrameTalk {
  readonly #stream: Duplex;
  readonly #frames: FromRunner[] = [];
  #wake: () => void = () => undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    const decoder = new FrameDecoder();
    stream.on('data', (chunk: Buffer) => {
      this.#frames.push(...decoder.push(chunk).map(({ header }) => FromRunner.parse(header)));
      this.#wake();
    });
    stream.on('error', () => undefined).on('close', () => this.#wake());
  }

  send(frame: object): void {
    this.#stream.write(encodeFrame(frame));
  }

  /** The next frame of that type; frames before it are dropped. */
  async next<T extends FromRunner['type']>(type: T): Promise<FrameOf<T>> {
    const deadline = Date.now() + HANG_MS;
    for (;;) {
      const frame = this.#frames.shift();
      if (frame?.type === type) return frame as FrameOf<T>;
      if (frame) continue;
      if (this.#stream.destroyed) throw new Error(`the stream ended before ${type}`);
      await this.#more(deadline - Date.now(), type);
    }
  }

  async attach(): Promise<FrameOf<'hello'>> {
    this.send({ type: 'attach', protocol: 1, daemonId: 'test', leaseMs: 60_000, idleExitMs: 60_000 });
    return this.next('hello');
  }

  async #more(ms: number, type: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(() => reject(new Error(`no ${type} within ${HANG_MS} ms`)), ms);
    await promise.finally(() => clearTimeout(timer));
  }
}
