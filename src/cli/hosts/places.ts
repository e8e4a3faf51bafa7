/** Commands on hosts, or on one device of one: `NAME`, `NAME/GPU`, `--all`, `--label`, each with a reason that others read. */
import { type Command, Option } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import type { DeviceId } from '../../domain/ids.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { contextOf, print, printJson } from '../context.ts';
import { chooseHosts, deviceOf, type HostChoice, withHostChoice } from './choose-hosts.ts';

const LINE_CHARS_MAX = 500;

export interface PlaceOptions extends HostChoice {
  readonly reason: string;
}

export interface Place {
  readonly host: string;
  /** Null: all of the host. */
  readonly device: DeviceId | null;
}

export const placesCommand = (host: Command, verb: string, description: string): Command =>
  withHostChoice(
    host
      .command(verb)
      .description(description)
      .argument('[name]', 'NAME of a host, or NAME/GPU: a device by its number or its id')
      .addOption(new Option('--reason <text>', 'why: shown in kiln fleet, and kept in the journal').makeOptionMandatory()),
  );

interface Acting<Answer> {
  readonly name: string | undefined;
  readonly choice: HostChoice;
  readonly act: (client: KilnClient, place: Place) => Promise<Answer>;
  readonly textOf: (answer: Answer) => string;
}

/** One after the other, and then what each came to. */
export const onPlaces = async <Answer>(program: Command, { name = '', choice, act, textOf }: Acting<Answer>): Promise<void> => {
  const { client, json } = await contextOf(program);
  const [named = '', gpu] = name.split('/', 2);
  const { hosts } = await chooseHosts(client, named === '' ? [] : [named], choice);
  const answers: Answer[] = [];
  for (const host of hosts) {
    const device = gpu === undefined ? null : await deviceOf(client, host, gpu);
    answers.push(await act(client, { host, device }));
  }
  if (json) printJson({ hosts: answers });
  else print(answers.map(textOf).join('\n'));
};

interface Said {
  readonly host: string;
  /** Of the whole host; null: nothing. */
  readonly whole: string | null;
  readonly devices: readonly { readonly device: DeviceId; readonly text: string }[];
}

/** A line for the host and for each device that something is said of; `nothing` where nothing is. */
export const placesText = ({ host, whole, devices }: Said, nothing: string): string =>
  [
    ...(whole === null ? [] : [`${host}: ${whole}`]),
    ...devices.map(({ device, text }) => `${host}/${device}: ${text}`),
    ...(whole === null && devices.length === 0 ? [`${host} ${nothing}`] : []),
  ]
    .map((line) => plainLine(line, LINE_CHARS_MAX))
    .join('\n');
