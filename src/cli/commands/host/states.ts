/** `kiln host states`: which devices are trusted, why not, and since when. */
import type { Command } from 'commander';
import type { FleetView, HostView } from '../../../domain/api/fleet.ts';
import { KilnError } from '../../../domain/errors.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { contextOf, print, printJson } from '../../context.ts';
import { table } from '../../output/table.ts';

const REASON_CHARS = 200;

export const addHostStates = (program: Command, host: Command): void => {
  host
    .command('states')
    .description('the state of each device: healthy, suspect, quarantined or on probation, why and since when')
    .argument('[name]', 'of this host alone')
    .action(async (name: string | undefined) => {
      const { client, json } = await contextOf(program);
      const hosts = named(await client.fleet(), name);
      if (json) printJson({ hosts: hosts.map(({ name: of, devices }) => ({ host: of, devices: devices.map(stateOf) })) });
      else print(statesText(hosts));
    });
};

const named = ({ hosts }: FleetView, name: string | undefined): readonly HostView[] => {
  const found = hosts.filter((host) => name === undefined || host.name === name);
  if (found.length > 0 || name === undefined) return found;
  throw new KilnError('NOT_FOUND', `there is no host "${name}"; known are ${hosts.map((host) => host.name).join(', ')}`);
};

const stateOf = ({ id, model, condition, hold }: HostView['devices'][number]) => ({ device: id, model, condition, hold });

export const statesText = (hosts: readonly HostView[]): string =>
  table(
    [{ title: 'HOST' }, { title: 'DEVICE' }, { title: 'STATE' }, { title: 'SINCE' }, { title: 'WHY' }],
    hosts.flatMap(({ name, devices }) =>
      devices.map(({ id, condition }) => [
        name,
        id,
        condition === null ? 'not known yet' : condition.needsPerson ? `${condition.state}, needs a person` : condition.state,
        condition?.since ?? '-',
        plainLine(condition?.reason ?? '-', REASON_CHARS),
      ]),
    ),
  );
