/** `kiln fleet plan|reload|add|remove`: hosts that come and go while the daemon runs. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { FleetPlan, HostChange } from '../../domain/api/fleet-control.ts';
import { contextOf, print, printJson } from '../context.ts';
import { duration } from '../input/duration.ts';

interface AddOptions {
  readonly ssh: { readonly user: string; readonly host: string; readonly port: number };
  readonly key?: string;
  readonly agent?: true;
  readonly hostKey?: string;
  readonly knownHosts?: string;
  readonly label?: readonly string[];
  readonly gpus?: string;
  readonly expires?: number;
}

export const addFleetChanges = (program: Command, fleet: Command): void => {
  fleet
    .command('plan')
    .description('what the fleet file, as it is now, would change')
    .action(async () => show(program, await contextOf(program).client.fleetPlan()));
  fleet
    .command('reload')
    .description('read the fleet file again and apply what changed; one that is wrong changes nothing')
    .action(async () => show(program, await contextOf(program).client.reloadFleet()));
  addHostCommands(program, fleet);
};

const addHostCommands = (program: Command, fleet: Command): void => {
  fleet
    .command('add')
    .description('add a host by ssh while the daemon runs, such as one that is rented; paths are those of the daemon')
    .argument('<name>')
    .requiredOption('--ssh <user@host[:port]>', 'where it is', sshAddress)
    .option('--key <path>', 'private key to log in with')
    .option('--agent', 'log in by the ssh-agent of the daemon')
    .option('--host-key <key>', '"SHA256:…" or a public key line: what the host must prove')
    .option('--known-hosts <path>', 'or a file that knows it')
    .option('--label <label...>', 'labels that candidates can ask for')
    .option('--gpus <which>', 'auto or none (default: auto)')
    .option('--expires <duration>', 'leave after this time, such as 8h; what it has is finished first', duration)
    .action(async (name: string, options: AddOptions) => {
      const { client, json } = contextOf(program);
      const { expires } = options;
      const added = await client.addHost({
        host: hostOf(name, options),
        ...(expires === undefined ? {} : { expiresInSeconds: Math.max(1, Math.round(expires / 1000)) }),
      });
      if (json) printJson(added);
      else
        print(
          `${added.host} was added${added.expiresAt === null ? '' : `, and leaves at ${added.expiresAt}`}; kiln fleet shows it`,
        );
    });
  fleet
    .command('remove')
    .description('remove a host that was added: it finishes what it has, and then leaves')
    .argument('<name>')
    .action(async (name: string) => {
      const { client, json } = contextOf(program);
      const removed = await client.removeHost(name);
      if (json) printJson(removed);
      else print(`${removed.host} drains, and leaves when what it has is done`);
    });
};

const sshAddress = (text: string): AddOptions['ssh'] => {
  const [, user, host, port = '22'] = /^([^@\s]+)@([^@\s:]+|\[[^\]]+\])(?::(\d{1,5}))?$/u.exec(text) ?? [];
  if (user === undefined || host === undefined) throw new InvalidArgumentError('It must be user@host or user@host:port.');
  return { user, host: host.replace(/^\[|\]$/gu, ''), port: Number(port) };
};

const hostOf = (
  name: string,
  { ssh, key, agent, hostKey, knownHosts, label = [], gpus = 'auto' }: AddOptions,
): Record<string, unknown> => ({
  name,
  ssh: defined({ ...ssh, key, agent, hostKey, knownHosts }),
  labels: label,
  gpus,
});

const defined = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const show = (program: Command, plan: FleetPlan): void => {
  if (contextOf(program).json) printJson(plan);
  else print(planText(plan));
};

const SIGNS: Readonly<Record<HostChange['change'], string>> = { add: '+', remove: '-', replace: '~', relabel: '~' };

export const planText = ({ file, changes, unchanged, applied }: FleetPlan): string => {
  const rest = `${unchanged} ${unchanged === 1 ? 'host stays' : 'hosts stay'} as ${unchanged === 1 ? 'it is' : 'they are'}`;
  if (changes.length === 0) return `${file ?? 'without a fleet file'}: nothing changes; ${rest}`;
  const state = applied ? 'applied; what leaves or is connected to anew drains first' : 'kiln fleet reload applies it';
  return [...changes.map(changeText), `${rest}; ${state}`].join('\n');
};

const changeText = ({ host, change, fields }: HostChange): string => {
  const what = { add: 'is added', remove: 'is removed', replace: 'is connected to anew', relabel: 'has other labels' }[change];
  return `${SIGNS[change]} ${host} ${what}${fields.length === 0 || change === 'relabel' ? '' : `: ${fields.join(', ')} changed`}`;
};
