/** Memory that is used again: of what passes through by the gigabyte, nothing is asked of the system or left to the collector. */
import { Buffer } from 'node:buffer';

export interface PoolLimits {
  /** Of each piece of memory: who asks for more, or for less than `bytesMin`, gets other memory. */
  readonly bytesMax: number;
  readonly bytesMin: number;
  /** Pieces that are kept while nobody uses them. */
  readonly freeMax: number;
}

export interface MemoryPool {
  /** Holds anything. */
  readonly take: (bytes: number) => Buffer;
  /** Nobody reads it any more. Other bytes are left as they are. */
  readonly giveBack: (bytes: Uint8Array) => void;
}

export const createMemoryPool = ({ bytesMax, bytesMin, freeMax }: PoolLimits): MemoryPool => {
  const free: ArrayBuffer[] = [];
  /** What is out and may come back, once. */
  const taken = new WeakSet<ArrayBufferLike>();
  return {
    take: (bytes) => {
      if (bytes < bytesMin || bytes > bytesMax) return Buffer.allocUnsafe(bytes);
      const memory = free.pop() ?? new ArrayBuffer(bytesMax);
      taken.add(memory);
      return Buffer.from(memory, 0, bytes);
    },
    giveBack: ({ buffer }) => {
      if (taken.delete(buffer) && buffer instanceof ArrayBuffer && free.length < freeMax) free.push(buffer);
    },
  };
};
