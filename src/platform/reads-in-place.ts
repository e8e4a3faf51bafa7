/**
 * A socket whose reads all go into the same memory, for what passes through by the gigabyte. Node makes new memory for each read: to collect it takes longer than all
 * else that is done with the bytes, since the whole heap is gone through for every 64 MiB.
 */
import { Buffer } from 'node:buffer';
import { connect, type OnReadOpts, type Socket, type TcpNetConnectOpts } from 'node:net';

/** Of one read: four times what Node takes. */
export const READ_BYTES = 256 * 1024;
/** A read of less is copied, and leaves the memory as it is: its bytes may be kept by anybody. */
export const COPIED_BYTES_MAX = 16 * 1024;

export interface Reader {
  /** Takes apart what was read. */
  readonly take: (bytes: Buffer) => void;
  /** After it. Returns whether nobody keeps these bytes but until more have come: where somebody does, they are theirs, and those of the next read too. */
  readonly isFree: () => boolean;
}

/** What is seen in two reads, as the end of a packet may be, is there until the second: reads take turns between two pieces of memory. */
export const readsInPlace = ({ take, isFree }: Reader): OnReadOpts => {
  let [memory, other] = [newMemory(), newMemory()];
  let wasFree = false;
  let isUsed = false;
  return {
    buffer: () => memory,
    callback: (count) => {
      const bytes = memory.subarray(0, count);
      const isInPlace = wasFree && count > COPIED_BYTES_MAX;
      take(isInPlace ? bytes : Buffer.from(bytes));
      wasFree = isFree();
      if (isInPlace) [memory, other, isUsed] = [other, memory, true];
      if (isUsed && !wasFree) [memory, other, isUsed] = [newMemory(), newMemory(), false];
      return true;
    },
  };
};

const newMemory = (): Buffer => Buffer.from(new ArrayBuffer(READ_BYTES));

/** What was read is told to who listens to `data`, as by any socket; its own iterator and pipes have nothing of it. */
export const connectInPlace = (to: TcpNetConnectOpts, isFree: () => boolean): Socket => {
  const socket: Socket = connect({ ...to, onread: readsInPlace({ take: (bytes) => socket.emit('data', bytes), isFree }) });
  return socket;
};
