/** A program that runs on a host with its stdin, stdout and stderr attached, however it was started. */
import type { Buffer } from 'node:buffer';
import { Duplex, type Readable, type Writable } from 'node:stream';

const STDERR_CHARS_MAX = 4096;

export interface RemoteCommand {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** The end of what it wrote on stderr so far, bounded. */
  readonly stderrTail: () => string;
  /** Exit code; null after a signal or a lost connection. Never rejects. */
  readonly exited: Promise<number | null>;
  /** Idempotent. */
  readonly kill: () => void;
}

/** Starts `argv` on a host; `signal` ends the attempt to start it. Rejects with KilnError when the host cannot be reached or refuses. */
export type Execute = (argv: readonly string[], signal: AbortSignal) => Promise<RemoteCommand>;

/** Calls back when the stream closes, and also where it has closed already: its events are told once. */
export const onceClosed = (stream: Duplex, act: () => void): void => {
  if (stream.closed) act();
  else stream.once('close', act);
};

/** Keeps the last part of a stream's text. */
export const keepTail = (stream: Readable): (() => string) => {
  let tail = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    tail = (tail + text).slice(-STDERR_CHARS_MAX);
  });
  return () => tail.trim();
};

/**
 * The command's stdin and stdout as one stream; when it closes, the command is killed. All that the command wrote is read before the stream's end,
 * whatever became of its stdin meanwhile: SSH channels and pipes close the way in as soon as the command has ended. What is written after that is
 * dropped; the end of stdout tells.
 */
export const streamOf = (command: RemoteCommand): Duplex => {
  const stream = new CommandStream(command);
  // Destroyed, it emits an error; whoever gives it up, or loses it, before anybody listens must not end the process by that.
  stream.on('error', () => undefined);
  stream.once('close', command.kill);
  return stream;
};

class CommandStream extends Duplex {
  readonly #command: RemoteCommand;
  /** What is written waits for room; its way in may be gone without a word on it. */
  #goOn: (() => void) | null = null;
  #hasExited = false;

  constructor(command: RemoteCommand) {
    super({ allowHalfOpen: false });
    this.#command = command;
    const { stdin, stdout, exited } = command;
    for (const event of ['drain', 'close', 'error']) stdin.on(event, () => this.#proceed());
    void exited.then(() => this.#onExited());
    stdout.on('readable', () => this.#pass());
    stdout.once('end', () => this.push(null));
    stdout.once('error', (error) => this.destroy(error));
    stdout.once('close', () => this.#onClosed());
    if (stdout.readableEnded) this.push(null);
    else if (stdout.destroyed) this.#onClosed();
  }

  override _read(): void {
    this.#pass();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const { stdin } = this.#command;
    if (this.#hasExited || !stdin.writable || stdin.write(chunk)) done();
    else this.#goOn = done;
  }

  override _final(done: () => void): void {
    const { stdin } = this.#command;
    this.#goOn = done;
    if (stdin.writable) stdin.end(() => this.#proceed());
    if (this.#hasExited || !stdin.writable) this.#proceed();
  }

  #proceed(): void {
    const goOn = this.#goOn;
    this.#goOn = null;
    goOn?.();
  }

  #pass(): void {
    const { stdout } = this.#command;
    for (let chunk: unknown = stdout.read(); chunk !== null; chunk = stdout.read()) if (!this.push(chunk)) return;
  }

  #onExited(): void {
    this.#hasExited = true;
    this.#proceed();
  }

  #onClosed(): void {
    if (!this.#command.stdout.readableEnded) this.destroy(new Error('it ended before all of it was read'));
  }
}
