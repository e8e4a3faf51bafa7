/** Memory for chunks, used again: of what passes through by the gigabyte, nothing is asked of the system or left to the collector. */
import { Buffer } from 'node:buffer';
import { CHUNK_BYTES } from '../../domain/hosts/work-frames.ts';

/** With what a frame has beside it. */
const MEMORY_BYTES = CHUNK_BYTES + 64 * 1024;
/** What is smaller is not worth as much memory. */
const POOLED_BYTES_MIN = CHUNK_BYTES / 2;
/** More than are ever on their way at once. */
const FREE_MAX = 8;
const free: ArrayBuffer[] = [];
/** What is out and may come back, once. */
const taken = new WeakSet<ArrayBufferLike>();

/** Holds anything. */
export const takeBytes = (bytes: number): Buffer => {
  if (bytes < POOLED_BYTES_MIN || bytes > MEMORY_BYTES) return Buffer.allocUnsafe(bytes);
  const memory = free.pop() ?? new ArrayBuffer(MEMORY_BYTES);
  taken.add(memory);
  return Buffer.from(memory, 0, bytes);
};

/** Nobody reads it any more. Other bytes are left as they are. */
export const giveBack = ({ buffer }: Uint8Array): void => {
  if (taken.delete(buffer) && buffer instanceof ArrayBuffer && free.length < FREE_MAX) free.push(buffer);
};
