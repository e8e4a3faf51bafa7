/** Memory for chunks, used again: of what passes through by the gigabyte, nothing is asked of the system or left to the collector. */
import { Buffer } from 'node:buffer';
import { CHUNK_BYTES } from '../../domain/hosts/work-frames.ts';

/** More than are ever on their way at once. */
const FREE_MAX = 8;
const free: ArrayBuffer[] = [];
/** What is out and may come back, once. */
const taken = new WeakSet<ArrayBufferLike>();

/** A buffer that holds anything. */
export const takeChunk = (): Buffer => {
  const memory = free.pop() ?? new ArrayBuffer(CHUNK_BYTES);
  taken.add(memory);
  return Buffer.from(memory);
};

/** Nobody reads it any more. Other bytes are left as they are. */
export const giveBack = ({ buffer }: Uint8Array): void => {
  if (taken.delete(buffer) && buffer instanceof ArrayBuffer && free.length < FREE_MAX) free.push(buffer);
};
