/** Waits for a stream that has been written more than it holds. */
import type { Writable } from 'node:stream';

/** An error is an end too. */
const EVENTS = ['drain', 'close', 'error'];

/** Resolves when there is room for more, or nothing can be written any more: why is told by whoever reads, or by the stream's error. */
export const roomIn = async (stream: Writable): Promise<void> => {
  if (stream.destroyed) return;
  await new Promise<void>((resolve) => {
    const onEvent = (): void => {
      for (const event of EVENTS) stream.off(event, onEvent);
      resolve();
    };
    for (const event of EVENTS) stream.on(event, onEvent);
  });
};
