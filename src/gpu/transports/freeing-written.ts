/** For a stream to which packets are written that nobody reads again: each is made for its one write, and its memory is given back with it. */
import type { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { freeBytes } from '../../platform/free-bytes.ts';

export const freeingWritten = <Stream extends Duplex>(stream: Stream): Stream => {
  const write = stream.write.bind(stream);
  return Object.assign(stream, { write: (packet: Buffer | string) => write(packet, () => free(packet)) });
};

const free = (packet: Buffer | string): void => {
  if (typeof packet !== 'string') freeBytes(packet);
};
