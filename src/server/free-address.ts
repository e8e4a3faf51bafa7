/** Whether the address can be listened on: asked before anything slow is opened, and told in one line. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { KilnError } from '../domain/errors.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Throws ADDRESS_UNAVAILABLE. */
export const requireFreeAddress = async ({ host, port }: Address): Promise<void> => {
  const probe = createServer();
  try {
    await once(probe.listen({ host, port, exclusive: true }), 'listening');
  } catch (error) {
    throw addressUnavailable({ host, port }, error);
  }
  const closed = once(probe, 'close');
  probe.close();
  await closed;
};

export const addressUnavailable = ({ host, port }: Address, error: unknown): KilnError => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return new KilnError('ADDRESS_UNAVAILABLE', reasonOf({ host, port }, code), { cause: error, details: { host, port, code } });
};

const reasonOf = ({ host, port }: Address, code: string): string => {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is in use by another program, perhaps by a Kiln that runs already: stop it, or use another port (server.port, KILN_PORT)`;
    case 'EACCES':
      return `this user may not listen on port ${port}: use one above 1023 (server.port, KILN_PORT)`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `this machine has no address ${host}: use one of its own (server.host, KILN_HOST)`;
    default:
      return `cannot listen on ${host}, port ${port} (${code}): correct server.host and server.port (KILN_HOST, KILN_PORT)`;
  }
};
