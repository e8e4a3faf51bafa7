/** A TCP proxy that can cut its connections, or hold them so that neither side notices. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly port: number;
  /** Connections made so far. */
  readonly connections: () => number;
  /** Cuts what is open; new connections pass. */
  readonly cut: () => void;
  /** Bytes stop in both directions, and the connections stay open. */
  readonly freeze: () => void;
  readonly stop: () => Promise<void>;
}

export const startCuttingProxy = async (targetPort: number, port = 0): Promise<CuttingProxy> => {
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    const target = connect(targetPort, '127.0.0.1');
    for (const socket of [client, target]) {
      open.add(socket);
      socket.setNoDelay(true).on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        target.destroy();
      });
    }
    client.on('data', (data) => target.write(data));
    target.on('data', (data) => client.write(data));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const cut = (): void => open.forEach((socket) => socket.destroy());
  return {
    port: address.port,
    connections: () => connections,
    cut,
    freeze: () => open.forEach((socket) => socket.pause()),
    stop: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
};
