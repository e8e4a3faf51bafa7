/** `kiln fleet plan|reload|add|remove`: hosts that come and go while the daemon runs. */
import type { Command } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import type { FleetPlan, HostAdded, HostChange } from '../../domain/api/fleet-control.ts';
import { KilnError } from '../../domain/errors.ts';
import { contextOf, print, printJson } from '../context.ts';
import { rentedHost, type RentedOptions, withRentedOptions } from '../hosts/rented-host.ts';

export const addFleetChanges = (program: Command, fleet: Command): void => {
  fleet
    .command('plan')
    .description('what the fleet file, as it is now, would change')
    .action(async () => show(program, async (client) => client.fleetPlan()));
  fleet
    .command('reload')
    .description('read the fleet file again and apply what changed; one that is wrong changes nothing')
    .action(async () => show(program, async (client) => client.reloadFleet()));
  addHostCommands(program, fleet);
};

const addHostCommands = (program: Command, fleet: Command): void => {
  const add = fleet
    .command('add')
    .description('add a host by ssh while the daemon runs, such as one that is rented; paths are those of the daemon')
    .argument('<name>');
  withRentedOptions(add).action(async (name: string, options: RentedOptions) => {
    const { client, json } = await contextOf(program);
    if (options.ssh === undefined)
      throw new KilnError('INVALID_REQUEST', `say where it is: kiln fleet add ${name} --ssh USER@HOST`);
    const added = await client.addHost(rentedHost(name, options));
    if (json) printJson(added);
    else print(`${added.host} was added${leavesText(added)}; kiln fleet shows it`);
  });
  fleet
    .command('remove')
    .description('remove a host that was added: it finishes what it has, and then leaves')
    .argument('<name>')
    .action(async (name: string) => {
      const { client, json } = await contextOf(program);
      const removed = await client.removeHost(name);
      if (json) printJson(removed);
      else print(`${removed.host} drains, and leaves when what it has is done`);
    });
};

export const leavesText = ({ expiresAt }: Pick<HostAdded, 'expiresAt'>): string =>
  expiresAt === null ? '' : `, and leaves at ${expiresAt}`;

const show = async (program: Command, ask: (client: KilnClient) => Promise<FleetPlan>): Promise<void> => {
  const { client, json } = await contextOf(program);
  const plan = await ask(client);
  if (json) printJson(plan);
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
