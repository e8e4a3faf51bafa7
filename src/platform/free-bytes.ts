/**
 * Gives the memory of bytes back at once, which nobody reads any more: they are empty from here on. Without it, what passes through by the gigabyte is collected
 * some megabytes at a time, and each time all of the heap is gone through. Bytes that share their memory with others are left as they are.
 */
export const freeBytes = ({ buffer, byteLength }: Uint8Array): void => {
  if (byteLength > 0 && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
};
