/** For a stream to which packets are written that nobody reads again: each is made for its one write, and its memory is given back with it. */
import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { freeBytes } from '../../platform/free-bytes.ts';

/**
 * Of memory that Node shares between buffers of less than half of it, which cannot be given back. Node's own is as much as two packets of SSH, and where a window is used
 * up packets are cut anywhere.
 */
const SHARED_BYTES = 8 * 1024;

export const freeingWritten = <Stream extends Duplex>(stream: Stream): Stream => {
  Buffer.poolSize = SHARED_BYTES;
  const write = stream.write.bind(stream);
  return Object.assign(stream, { write: (packet: Buffer | string) => write(packet, () => free(packet)) });
};

const free = (packet: Buffer | string): void => {
  if (typeof packet !== 'string') freeBytes(packet);
};
