/** Has the running daemon try a problem on a GPU of its fleet, where there are both. */
import type { KilnClient } from '../client/create-client.ts';
import { KilnError } from '../domain/errors.ts';
import type { OnFleet } from './output/problem-check.ts';

export const tryOnGpu = async (client: KilnClient, problem: string): Promise<OnFleet> => {
  try {
    const device = await gpuClassOf(client);
    if (device === null) return { untried: 'no connected host has a GPU that takes work (kiln fleet says why)' };
    return { tried: await client.checkProblem(problem, { device }) };
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return { untried: error.code === 'DAEMON_UNREACHABLE' ? 'no daemon answers: start one with kiln up' : error.message };
  }
};

const gpuClassOf = async (client: KilnClient): Promise<string | null> => {
  const { hosts } = await client.fleet();
  const devices = hosts.filter(({ state }) => state === 'connected').flatMap((host) => host.devices);
  return devices.find(({ kind, unavailable }) => kind === 'gpu' && unavailable === null)?.class ?? null;
};
