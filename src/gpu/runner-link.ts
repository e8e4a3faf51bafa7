/**
 * One attached byte stream to a runner: frames in and out, signs of life, and exactly one end.
 *
 * Modes
 * - greeting: `attach` was sent, `hello` is awaited for HELLO_MS_MAX. Left by hello (open), or by any failure (ended).
 * - open: frames flow both ways; a ping every PING_MS. Left by silence of SILENCE_MS_MAX (a half-open connection says nothing
 *   and reports nothing), a frame that does not parse, more than UNSENT_BYTES_MAX waiting to be sent, the stream's end, `close`.
 * - ended: `onEnd` was called once with the first cause; the stream is destroyed, nothing is sent or reported any more.
 *
 * Time in which this process did not run (suspended, or a machine that stands still) is no silence: what was said meanwhile is still to be read.
 */
import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { KilnError } from '../domain/errors.ts';
import { FromRunner, type ToRunner } from '../domain/protocol.ts';
import type { Clock } from '../platform/clock.ts';
import { encodeFrame, FrameDecoder } from '../domain/frames.ts';

const HELLO_MS_MAX = 10_000;
export const PING_MS = 5000;
export const SILENCE_MS_MAX = 15_000;
export const UNSENT_BYTES_MAX = 256 * 1024 * 1024;
/** As many are written at once, whether the turn is over or not. */
const FLUSH_BYTES = 64 * 1024;
/** The silence that ends a link, and why. */
const NO_HELLO = [HELLO_MS_MAX, `the runner did not say hello within ${HELLO_MS_MAX} ms`] as const;
const NOTHING_HEARD = [SILENCE_MS_MAX, `nothing heard for ${SILENCE_MS_MAX} ms; the connection is dead`] as const;
/** How often the silence is looked at, */
const LOOK_EVERY_MS = 1000;
/** and the most of it that counts of one look: the rest is this process's own. */
const LOOK_MS_MAX = 2 * LOOK_EVERY_MS;
const ISSUES_SHOWN_MAX = 3;

export type Hello = Extract<FromRunner, { type: 'hello' }>;

export interface RunnerLinkOptions {
  readonly stream: Duplex;
  readonly attach: Extract<ToRunner, { type: 'attach' }>;
  readonly clock: Clock;
  readonly onHello: (hello: Hello) => void;
  /** Every frame after hello but pongs. */
  readonly onFrame: (frame: FromRunner, payload: Buffer) => void;
  /** Once, with why. Also after `close`. */
  readonly onEnd: (cause: KilnError) => void;
}

export interface RunnerLink {
  /** False when the link has ended: nothing was sent. */
  readonly send: (frame: ToRunner, payload?: Buffer) => boolean;
  /** Last measured ping, milliseconds; before the first pong how long the runner took to say hello; null before that. */
  readonly roundTripMs: () => number | null;
  /** Sends what is waiting, then hangs up; `onEnd` follows when the runner has hung up too. */
  readonly hangUp: () => void;
  /** At once. Idempotent. */
  readonly close: (cause: KilnError) => void;
}

export const createRunnerLink = (options: RunnerLinkOptions): RunnerLink => {
  const link = new Link(options);
  return {
    send: (frame, payload) => link.send(frame, payload),
    roundTripMs: () => link.roundTripMs,
    hangUp: () => link.hangUp(),
    close: (cause) => link.end(cause),
  };
};

class Link {
  roundTripMs: number | null = null;
  #mode: 'greeting' | 'open' | 'ended' = 'greeting';
  /** What the runner said in its last `error` frame: why it is about to hang up. */
  #complaint: string | null = null;
  readonly #attachedAt: number;
  /** Silence that counted so far, and until when it was looked at. */
  #silentMs = 0;
  #lookedAt: number;
  #pinged: { readonly nonce: number; readonly at: number } = { nonce: 0, at: 0 };
  #cancelLook: () => void = () => undefined;
  #cancelPing: () => void = () => undefined;
  /** Frames of this iteration of the event loop: one write, and one packet of an encrypted channel, for all of them. */
  #unsent: Buffer[] = [];
  #unsentBytes = 0;
  readonly #decoder = new FrameDecoder();
  readonly #options: RunnerLinkOptions;

  constructor(options: RunnerLinkOptions) {
    this.#options = options;
    const { stream, clock, attach } = options;
    stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    stream.on('error', (cause) => this.end(unreachable(this.#complaint ?? `the connection broke: ${cause.message}`, cause)));
    stream.on('close', () => this.end(this.#hungUp()));
    stream.on('end', () => this.end(this.#hungUp()));
    stream.resume();
    this.#attachedAt = clock.monotonic();
    this.#lookedAt = this.#attachedAt;
    this.#watchSilence();
    this.send(attach);
    // Its last word may have been said before anybody listened.
    if (stream.closed) process.nextTick(() => this.end(this.#hungUp()));
  }

  send(frame: ToRunner, payload?: Buffer): boolean {
    const { stream } = this.#options;
    if (this.#mode === 'ended' || !stream.writable) return false;
    const bytes = encodeFrame(frame, payload);
    if (this.#unsent.length === 0) setImmediate(() => this.flush());
    this.#unsent.push(bytes);
    this.#unsentBytes += bytes.length;
    if (stream.writableLength + this.#unsentBytes > UNSENT_BYTES_MAX) {
      this.end(unreachable(`more than ${UNSENT_BYTES_MAX} bytes wait to be sent; the host or the network is too slow`));
      return false;
    }
    if (this.#unsentBytes >= FLUSH_BYTES) this.flush();
    return true;
  }

  flush(): void {
    const [first, ...others] = this.#unsent;
    const bytes = this.#unsentBytes;
    this.#unsent = [];
    this.#unsentBytes = 0;
    const { stream } = this.#options;
    if (!first || this.#mode === 'ended' || !stream.writable) return;
    stream.write(others.length === 0 ? first : Buffer.concat([first, ...others], bytes));
  }

  hangUp(): void {
    this.flush();
    this.#options.stream.end();
  }

  end(cause: KilnError): void {
    if (this.#mode === 'ended') return;
    this.#mode = 'ended';
    this.#cancelLook();
    this.#cancelPing();
    this.#options.stream.destroy();
    this.#options.onEnd(cause);
  }

  #onData(chunk: Buffer): void {
    try {
      for (const { header, payload } of this.#decoder.push(chunk)) {
        if (this.#mode === 'ended') return;
        this.#onFrame(parseFrame(header), payload);
      }
    } catch (error) {
      if (!(error instanceof KilnError && error.code === 'PROTOCOL_ERROR')) throw error;
      this.end(error);
    }
  }

  #onFrame(frame: FromRunner, payload: Buffer): void {
    if (frame.type === 'error') this.#complaint = `the runner refused (${frame.code}): ${frame.message}`;
    if (frame.type === 'hello') return this.#onHello(frame);
    if (this.#mode === 'greeting') {
      // An error instead of hello says more than the hang-up that follows it.
      return this.end(new KilnError('PROTOCOL_ERROR', this.#complaint ?? `the runner said ${frame.type} before hello`));
    }
    this.#received();
    if (frame.type === 'pong') this.#onPong(frame.nonce);
    else this.#options.onFrame(frame, payload);
  }

  #onHello(hello: Hello): void {
    if (this.#mode !== 'greeting') return this.end(new KilnError('PROTOCOL_ERROR', 'the runner said hello twice'));
    this.#mode = 'open';
    this.#received();
    this.roundTripMs = this.#options.clock.monotonic() - this.#attachedAt;
    this.#options.onHello(hello);
    this.#ping();
  }

  #received(): void {
    this.#lookedAt = this.#options.clock.monotonic();
    this.#silentMs = 0;
  }

  #watchSilence(): void {
    this.#cancelLook = this.#options.clock.after(LOOK_EVERY_MS, () => {
      const now = this.#options.clock.monotonic();
      this.#silentMs += Math.min(now - this.#lookedAt, LOOK_MS_MAX);
      this.#lookedAt = now;
      const [limitMs, reason] = this.#mode === 'greeting' ? NO_HELLO : NOTHING_HEARD;
      if (this.#silentMs < limitMs) this.#watchSilence();
      else this.end(unreachable(reason));
    });
  }

  #ping(): void {
    if (this.#mode === 'ended') return;
    this.#pinged = { nonce: this.#pinged.nonce + 1, at: this.#options.clock.monotonic() };
    this.#cancelPing = this.#options.clock.after(PING_MS, () => this.#ping());
    this.send({ type: 'ping', nonce: this.#pinged.nonce });
  }

  #onPong(nonce: number): void {
    if (nonce === this.#pinged.nonce) this.roundTripMs = this.#options.clock.monotonic() - this.#pinged.at;
  }

  #hungUp(): KilnError {
    return unreachable(
      this.#complaint ?? (this.#mode === 'greeting' ? 'the runner hung up before hello' : 'the connection was closed'),
    );
  }
}

const parseFrame = (header: unknown): FromRunner => {
  const parsed = FromRunner.safeParse(header);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues
    .slice(0, ISSUES_SHOWN_MAX)
    .map(({ path, message }) => `${path.join('.') || 'frame'}: ${message}`);
  throw new KilnError('PROTOCOL_ERROR', `the runner sent a frame that does not parse: ${issues.join('; ')}`);
};

const unreachable = (message: string, cause?: unknown): KilnError => new KilnError('HOST_UNREACHABLE', message, { cause });
