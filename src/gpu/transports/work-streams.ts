/** Streams to the process that answers people's work: it is started when it is first needed, or has ended, and then each request is one connection. */
import type { Duplex } from 'node:stream';
import { parseStarted } from './started.ts';

export interface WorkWays {
  /** Makes sure that it runs; prints where it listens. */
  readonly start: () => Promise<string>;
  readonly connect: (socket: string) => Promise<Duplex>;
  /** Where sockets cannot be reached: a command that becomes the stream. */
  readonly attach: () => Promise<Duplex>;
}

export const createWorkStreams = (): ((ways: WorkWays) => Promise<Duplex>) => {
  let socket: string | null = null;
  let isForbidden = false;
  return async (ways) => {
    const known = socket === null ? null : await connected(ways, socket);
    if (known) return known;
    if (isForbidden) return ways.attach();
    socket = parseStarted(await ways.start()).socket;
    const started = await connected(ways, socket);
    if (started) return started;
    isForbidden = true;
    socket = null;
    return ways.attach();
  };
};

const connected = async (ways: WorkWays, path: string): Promise<Duplex | null> => {
  try {
    return await ways.connect(path);
  } catch {
    // It has ended, or forwarding is refused: should the connection itself be gone, what is tried next fails with the reason.
    return null;
  }
};
