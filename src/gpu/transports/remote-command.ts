/** A program that runs on a host with its stdin, stdout and stderr attached, however it was started. */
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

/** Keeps the last part of a stream's text. */
export const keepTail = (stream: Readable): (() => string) => {
  let tail = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    tail = (tail + text).slice(-STDERR_CHARS_MAX);
  });
  return () => tail.trim();
};

/** The command's stdin and stdout as one stream; when either ends, the command is killed. */
export const streamOf = (command: RemoteCommand): Duplex => {
  const stream = Duplex.from({ readable: command.stdout, writable: command.stdin });
  // Destroyed, it emits an error; whoever gives it up, or loses it, before anybody listens must not end the process by that.
  stream.on('error', () => undefined);
  stream.once('close', command.kill);
  return stream;
};
