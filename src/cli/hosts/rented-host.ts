/** A host by ssh, as options name it: for the fleet of a daemon that runs. Paths are those of the daemon's machine. */
import { type Command, InvalidArgumentError } from 'commander';
import type { AddHost } from '../../domain/api/fleet-control.ts';
import { duration } from '../input/duration.ts';

interface SshAddress {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

export interface RentedOptions {
  readonly ssh?: SshAddress;
  readonly key?: string;
  readonly agent?: true;
  readonly hostKey?: string;
  readonly knownHosts?: string;
  readonly label?: readonly string[];
  readonly gpus?: string;
  readonly expires?: number;
}

export const withRentedOptions = (command: Command): Command =>
  command
    .option('--ssh <user@host[:port]>', 'where it is', sshAddress)
    .option('--key <path>', 'private key to log in with')
    .option('--agent', 'log in by the ssh-agent of the daemon')
    .option('--host-key <key>', '"SHA256:…" or a public key line: what the host must prove')
    .option('--known-hosts <path>', 'or a file that knows it')
    .option('--label <label...>', 'labels that candidates can ask for')
    .option('--gpus <which>', 'auto or none (default: auto)')
    .option('--expires <duration>', 'leave after this time, such as 8h; what it has is finished first', duration);

const sshAddress = (text: string): SshAddress => {
  const [, user, host, port = '22'] = /^([^@\s]+)@([^@\s:]+|\[[^\]]+\])(?::(\d{1,5}))?$/u.exec(text) ?? [];
  if (user === undefined || host === undefined) throw new InvalidArgumentError('It must be user@host or user@host:port.');
  return { user, host: host.replace(/^\[|\]$/gu, ''), port: Number(port) };
};

export const rentedHost = (
  name: string,
  { ssh, key, agent, hostKey, knownHosts, label = [], gpus = 'auto', expires }: RentedOptions,
): AddHost => ({
  host: { name, ssh: defined({ ...ssh, key, agent, hostKey, knownHosts }), labels: [...label], gpus },
  ...(expires === undefined ? {} : { expiresInSeconds: Math.max(1, Math.round(expires / 1000)) }),
});

const defined = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
