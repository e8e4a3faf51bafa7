/** A TCP proxy that delivers every byte a fixed time after it came, in order and at full bandwidth: a long way, not a slow line. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Bytes on their way in one direction of one connection; above it the sender has to wait, as on a real line. */
const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024;
/** Timers fire a little late, never early: what is due within this goes out now. */
const TIMER_SLACK_MS = 0.5;

export interface DelayingProxy {
  readonly port: number;
  /** What was received in one piece and is not delivered yet, of all connections and both directions. */
  readonly onTheirWay: () => number;
  /** Cuts what is open. */
  readonly stop: () => Promise<void>;
}

/** `oneWayMs`: added in each direction, so the round trip grows by twice that. */
export const startDelayingProxy = async (targetPort: number, oneWayMs: number): Promise<DelayingProxy> => {
  const open = new Set<Socket>();
  const ways = new Set<readonly Parcel[]>();
  // Half-open: the end of one direction arrives as slowly as its bytes, and the other goes on.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [client, target]) {
      open.add(socket);
      socket.setNoDelay(true).on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
    }
    ways.add(delay(client, target, oneWayMs)).add(delay(target, client, oneWayMs));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    onTheirWay: () => [...ways].reduce((count, parcels) => count + parcels.length, 0),
    stop: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};

interface Parcel {
  readonly dueMs: number;
  /** Bytes, or that the sender has finished, or that it is gone. */
  readonly what: Buffer | 'end' | 'gone';
}

/** Returns what is on its way, now and later. */
const delay = (from: Socket, to: Socket, delayMs: number): readonly Parcel[] => {
  const parcels: Parcel[] = [];
  let bytes = 0;
  let timer: NodeJS.Timeout | null = null;

  const deliver = (): void => {
    timer = null;
    const nowMs = performance.now() + TIMER_SLACK_MS;
    for (let next = parcels[0]; next && next.dueMs <= nowMs; next = parcels[0]) {
      parcels.shift();
      if (next.what === 'end') to.end();
      else if (next.what === 'gone') to.destroySoon();
      else to.write(next.what);
      bytes -= sizeOf(next);
    }
    if (bytes <= IN_FLIGHT_BYTES_MAX) from.resume();
    schedule();
  };
  const schedule = (): void => {
    const [next] = parcels;
    if (next && !timer) timer = setTimeout(deliver, Math.max(0, next.dueMs - performance.now()));
  };
  const take = (what: Parcel['what']): void => {
    const parcel = { dueMs: performance.now() + delayMs, what };
    parcels.push(parcel);
    bytes += sizeOf(parcel);
    if (bytes > IN_FLIGHT_BYTES_MAX) from.pause();
    schedule();
  };

  from.on('data', take);
  from.on('end', () => take('end'));
  from.on('close', () => take('gone'));
  to.on('close', () => {
    clearTimeout(timer ?? undefined);
    parcels.length = 0;
  });
  return parcels;
};

const sizeOf = ({ what }: Parcel): number => (typeof what === 'string' ? 0 : what.length);
