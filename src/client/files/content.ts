/** What files hold, by hash, as `src/domain/hosts/work-frames.ts` says: in chunks, and whole. */
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CHUNK_BYTES } from '../../domain/hosts/work-frames.ts';
import { giveBack, takeBytes } from './chunk-pool.ts';

export interface Content {
  readonly hash: string;
  readonly chunks: readonly string[];
}

export const digestOf = (bytes: Uint8Array): string => hash('sha256', bytes);

export const contentOf = (chunks: readonly string[]): Content => {
  const [only] = chunks;
  if (only === undefined) return { hash: digestOf(Buffer.alloc(0)), chunks };
  return { hash: chunks.length === 1 ? only : digestOf(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk, 'hex')))), chunks };
};

/** `size`: of the file. May be given back to the pool. Shorter where the file has become so meanwhile. Without a hop to another thread: for a small file that takes longer than to read it. */
export const readChunk = (descriptor: number, index: number, size: number): Buffer => {
  const start = index * CHUNK_BYTES;
  const buffer = takeBytes(Math.max(0, Math.min(CHUNK_BYTES, size - start)));
  let bytes = 0;
  while (bytes < buffer.length) {
    const count = readSync(descriptor, buffer, bytes, buffer.length - bytes, start + bytes);
    if (count === 0) break;
    bytes += count;
  }
  return buffer.subarray(0, bytes);
};

/** Others have their turn between the pieces of a large file. */
export const readContent = async (descriptor: number, size: number): Promise<Content> => {
  const chunks: string[] = [];
  for (let index = 0; index < chunkCount(size); index += 1) {
    const bytes = readChunk(descriptor, index, size);
    if (bytes.length > 0) chunks.push(digestOf(bytes));
    giveBack(bytes);
    if (bytes.length === CHUNK_BYTES) await nextTurn();
  }
  return contentOf(chunks);
};

export const chunkCount = (size: number): number => Math.ceil(size / CHUNK_BYTES);
