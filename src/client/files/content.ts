/** What files hold, by hash, as `src/domain/hosts/work-frames.ts` says: in chunks, and whole. */
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { CHUNK_BYTES } from '../../domain/hosts/work-frames.ts';

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

export const readChunk = async (file: FileHandle, index: number): Promise<Buffer> => {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, bytes, CHUNK_BYTES - bytes, index * CHUNK_BYTES + bytes);
    bytes += bytesRead;
    if (bytesRead === 0 || bytes === CHUNK_BYTES) return buffer.subarray(0, bytes);
  }
};

export const readContent = async (file: FileHandle): Promise<Content> => {
  const chunks: string[] = [];
  for (;;) {
    const bytes = await readChunk(file, chunks.length);
    if (bytes.length > 0) chunks.push(digestOf(bytes));
    if (bytes.length < CHUNK_BYTES) return contentOf(chunks);
  }
};

export const chunkCount = (size: number): number => Math.ceil(size / CHUNK_BYTES);
