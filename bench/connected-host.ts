/** The one host of a benchmark's daemon. */
import type { KilnClient } from '../src/client/create-client.ts';
import type { HostView } from '../src/domain/api/fleet.ts';

const CONNECT_LIMIT_MS = 600_000;

/** Once it is connected, at the first try or a later one. Throws where it is refused, and after ten minutes. */
export const connectedHost = async (client: KilnClient): Promise<HostView> => {
  for await (const event of client.events({ after: 0, signal: AbortSignal.timeout(CONNECT_LIMIT_MS) })) {
    if (event.type === 'host.refused') throw new Error(`the host cannot be used: ${String(event.data['reason'])}`);
    if (event.type !== 'host.connected') continue;
    const [host] = (await client.fleet()).hosts;
    if (!host) throw new Error('the fleet is empty');
    return host;
  }
  throw new Error(`the host did not connect within ${CONNECT_LIMIT_MS / 1000} s`);
};
