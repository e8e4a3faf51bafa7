/** Which hosts a command is for: one by name, all, or those with a label. */
import type { Command } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import { KilnError } from '../../domain/errors.ts';
import type { DeviceId } from '../../domain/ids.ts';
import { collect } from '../input/given.ts';

export interface HostChoice {
  readonly all?: boolean;
  readonly label?: readonly string[];
}

export const withHostChoice = (command: Command): Command =>
  command
    .option('--all', 'on every host that is connected')
    .option('--label <text>', 'on every connected host with this label of the fleet file (repeatable: all of them)', collect);

export interface Chosen {
  readonly hosts: readonly string[];
  readonly argv: readonly string[];
}

/** Throws INVALID_REQUEST or NOT_FOUND, with what to do. */
export const chooseHosts = async (
  client: KilnClient,
  words: readonly string[],
  { all = false, label }: HostChoice,
): Promise<Chosen> => {
  if (!all && label === undefined) {
    const [name, ...argv] = words;
    if (name === undefined)
      throw new KilnError('INVALID_REQUEST', 'no host was named: give its NAME, --all or --label (kiln fleet lists hosts)');
    return { hosts: [name], argv };
  }
  const { hosts } = await client.fleet();
  const wanted = hosts.filter(({ labels }) => (label ?? []).every((one) => labels.includes(one)));
  const connected = wanted.filter(({ state }) => state === 'connected').map(({ name }) => name);
  if (connected.length > 0) return { hosts: connected, argv: words };
  const away = wanted.map(({ name, state }) => `${name} is ${state}`).join(', ');
  const known = [...new Set(hosts.flatMap(({ labels }) => labels))].join(', ') || 'none';
  throw new KilnError(
    'NOT_FOUND',
    wanted.length === 0
      ? `no host has the label ${label?.join(' and ')}; labels are: ${known}`
      : `no such host is connected: ${away}`,
  );
};

/** A device by number, in the order of `kiln fleet`, or by id. */
export const deviceOf = async (client: KilnClient, name: string, gpu: string): Promise<DeviceId> => {
  const devices = (await client.fleet()).hosts.find((host) => host.name === name)?.devices ?? [];
  const found = devices.find(({ id }) => id === gpu) ?? (/^\d+$/u.test(gpu) ? devices[Number(gpu)] : undefined);
  if (found) return found.id;
  const known = devices.map(({ id }, at) => `${at} (${id})`).join(', ') || 'none';
  throw new KilnError('NOT_FOUND', `host ${name} has no device ${gpu}; its devices are ${known}`);
};
