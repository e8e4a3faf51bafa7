/** One side of a transfer: a folder here, or on a host. Both pass one suite. */
import type { Buffer } from 'node:buffer';
import type { Entry, WriteFrame } from '../../domain/hosts/work-frames.ts';

/** With a `size`, hashed only where the other side's file could share content; without one, always. */
export interface Wanted {
  readonly path: string;
  readonly size?: number;
  readonly chunks?: readonly number[] | null;
}

export interface Piece {
  readonly frame: WriteFrame;
  readonly payload: Buffer;
}

export interface Written {
  readonly files: number;
  readonly bytes: number;
  readonly deleted: number;
}

export interface End {
  /** For people: "h100-a:work". */
  readonly name: string;
  /** `leaveOut`: is not looked into. Texts of `.gitignore` files are told to `onIgnoreFile` before what they are about. */
  list(options: ListOptions): Promise<readonly Entry[]>;
  states(wanted: readonly Wanted[]): Promise<ReadonlyMap<string, Entry>>;
  /** `files` and `chunk` frames. */
  read(wanted: readonly Wanted[]): AsyncIterable<Piece>;
  /** `onWritten` is told bytes of payloads as they are taken. */
  write(pieces: AsyncIterable<Piece>, onWritten: (bytes: number) => void): Promise<Written>;
}

export interface ListOptions {
  readonly onIgnoreFile: (path: string, text: string) => void;
  readonly leaveOut: (path: string, kind: string) => boolean;
}
