/** `kiln host cordon|drain|quarantine|resume|clear`: whether a host, or one device of it, takes work. */
import { type Command, Option } from 'commander';
import type { KilnClient } from '../../../client/create-client.ts';
import { holdText } from '../../../domain/hosts/hold.ts';
import type { Hold, HostHolds } from '../../../domain/hosts/hold.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { contextOf, print, printJson } from '../../context.ts';
import { chooseHosts, deviceOf, type HostChoice, withHostChoice } from '../../hosts/choose-hosts.ts';

interface Verb {
  readonly name: string;
  /** Null: it takes work again. */
  readonly state: Hold['state'] | null;
  readonly description: string;
}

const VERBS: readonly Verb[] = [
  { name: 'cordon', state: 'cordoned', description: 'send no new work; what runs is finished, what waits there goes elsewhere' },
  { name: 'drain', state: 'draining', description: 'the same, to take it away once nothing runs there' },
  { name: 'quarantine', state: 'quarantined', description: 'the same, since it is not trusted' },
  { name: 'resume', state: null, description: 'take it back to work, whatever held it' },
  { name: 'clear', state: null, description: 'take it back from quarantine: the same as resume' },
];

interface Options extends HostChoice {
  readonly reason: string;
}

export const addHostHolds = (program: Command, host: Command): void => {
  for (const verb of VERBS) {
    const command = host
      .command(verb.name)
      .description(verb.description)
      .argument('[name]', 'NAME of a host, or NAME/GPU: a device by its number or its id')
      .addOption(new Option('--reason <text>', 'why: shown in kiln fleet, and kept in the journal').makeOptionMandatory());
    withHostChoice(command).action(async (name: string | undefined, options: Options) => {
      const { client, json } = contextOf(program);
      const answers = await say(client, verb, { name, options });
      if (json) printJson({ hosts: answers });
      else print(answers.map(holdsText).join('\n'));
    });
  }
};

const say = async (
  client: KilnClient,
  { state }: Verb,
  { name = '', options }: { readonly name: string | undefined; readonly options: Options },
): Promise<readonly HostHolds[]> => {
  const [host = '', gpu] = name.split('/', 2);
  const { hosts } = await chooseHosts(client, host === '' ? [] : [host], options);
  const { reason } = options;
  const answers: HostHolds[] = [];
  for (const each of hosts) {
    const device = gpu === undefined ? null : await deviceOf(client, each, gpu);
    answers.push(
      state === null
        ? await client.releaseHost(each, { reason, device })
        : await client.holdHost(each, { state, reason, device }),
    );
  }
  return answers;
};

const holdsText = ({ host, hold, devices }: HostHolds): string =>
  [
    ...(hold ? [`${host}: ${holdText(hold)}`] : []),
    ...devices.map(({ device, hold: of }) => `${host}/${device}: ${holdText(of)}`),
    ...(hold === null && devices.length === 0 ? [`${host} takes work`] : []),
  ]
    .map((line) => plainLine(line, 500))
    .join('\n');
