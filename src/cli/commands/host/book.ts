/** `kiln host book|unbook`: a host, or one device of it, for one submitter's candidates alone, for a time. */
import { type Command, Option } from 'commander';
import type { KilnClient } from '../../../client/create-client.ts';
import { bookingText, type HostBookings } from '../../../domain/hosts/booking.ts';
import type { DeviceId } from '../../../domain/ids.ts';
import { plainLine } from '../../../platform/printable-text.ts';
import { contextOf, print, printJson } from '../../context.ts';
import { chooseHosts, deviceOf, type HostChoice, withHostChoice } from '../../hosts/choose-hosts.ts';
import { duration } from '../../input/duration.ts';

interface Options extends HostChoice {
  readonly reason: string;
}

interface BookOptions extends Options {
  readonly submitter: string;
  readonly for: number;
}

export const addHostBookings = (program: Command, host: Command): void => {
  commandFor(
    host,
    'book',
    "give it to one submitter's candidates alone, for a time; what runs is finished, what waits there goes elsewhere",
  )
    .requiredOption('--submitter <name>', 'whose candidates it takes')
    .requiredOption('--for <duration>', 'how long, such as 2h; it ends by itself', duration)
    .action(async (name: string | undefined, { submitter, for: ms, reason, ...choice }: BookOptions) =>
      each(program, { name, choice }, async (client, on) =>
        client.bookHost(on.host, { submitter, forSeconds: Math.max(1, Math.round(ms / 1000)), reason, device: on.device }),
      ),
    );
  commandFor(host, 'unbook', 'end its booking before its time: it takes the candidates of all again').action(
    async (name: string | undefined, { reason, ...choice }: Options) =>
      each(program, { name, choice }, async (client, on) => client.unbookHost(on.host, { reason, device: on.device })),
  );
};

const commandFor = (host: Command, verb: string, description: string): Command =>
  withHostChoice(
    host
      .command(verb)
      .description(description)
      .argument('[name]', 'NAME of a host, or NAME/GPU: a device by its number or its id')
      .addOption(new Option('--reason <text>', 'why: shown in kiln fleet, and kept in the journal').makeOptionMandatory()),
  );

interface Place {
  readonly host: string;
  /** Null: all of the host. */
  readonly device: DeviceId | null;
}

const each = async (
  program: Command,
  { name = '', choice }: { readonly name: string | undefined; readonly choice: HostChoice },
  act: (client: KilnClient, place: Place) => Promise<HostBookings>,
): Promise<void> => {
  const { client, json } = contextOf(program);
  const [named = '', gpu] = name.split('/', 2);
  const { hosts } = await chooseHosts(client, named === '' ? [] : [named], choice);
  const answers: HostBookings[] = [];
  for (const host of hosts) {
    const device = gpu === undefined ? null : await deviceOf(client, host, gpu);
    answers.push(await act(client, { host, device }));
  }
  if (json) printJson({ hosts: answers });
  else print(answers.map(bookingsText).join('\n'));
};

const bookingsText = ({ host, booking, devices }: HostBookings): string =>
  [
    ...(booking ? [`${host}: ${bookingText(booking)}`] : []),
    ...devices.map(({ device, booking: of }) => `${host}/${device}: ${bookingText(of)}`),
    ...(booking === null && devices.length === 0 ? [`${host} is booked for nobody`] : []),
  ]
    .map((line) => plainLine(line, 500))
    .join('\n');
