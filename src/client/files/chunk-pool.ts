/** Memory for chunks, used again. */
import { CHUNK_BYTES } from '../../domain/hosts/work-frames.ts';
import { createMemoryPool } from '../../platform/memory-pool.ts';

/** `bytesMax`: with what a frame has beside it. What is smaller is not worth as much memory; `freeMax` are more than are ever on their way at once. */
const pool = createMemoryPool({ bytesMax: CHUNK_BYTES + 64 * 1024, bytesMin: CHUNK_BYTES / 2, freeMax: 8 });

export const takeBytes = pool.take;
export const giveBack = pool.giveBack;
