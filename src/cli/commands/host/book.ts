/** `kiln host book|unbook`: a host, or one device of it, for one submitter's candidates alone, for a time. */
import type { Command } from 'commander';
import { bookingText, type HostBookings } from '../../../domain/hosts/booking.ts';
import { onPlaces, type PlaceOptions, placesCommand, placesText } from '../../hosts/places.ts';
import { duration } from '../../input/duration.ts';

interface BookOptions extends PlaceOptions {
  readonly submitter: string;
  readonly for: number;
}

export const addHostBookings = (program: Command, host: Command): void => {
  placesCommand(
    host,
    'book',
    "give it to one submitter's candidates alone, for a time; what runs is finished, what waits there goes elsewhere",
  )
    .requiredOption('--submitter <name>', 'whose candidates it takes')
    .requiredOption('--for <duration>', 'how long, such as 2h; it ends by itself', duration)
    .action(async (name: string | undefined, { submitter, for: ms, reason, ...choice }: BookOptions) => {
      const forSeconds = Math.max(1, Math.round(ms / 1000));
      await onPlaces(program, {
        name,
        choice,
        act: async (client, { host: on, device }) => client.bookHost(on, { submitter, forSeconds, reason, device }),
        textOf: bookingsText,
      });
    });
  placesCommand(host, 'unbook', 'end its booking before its time: it takes the candidates of all again').action(
    async (name: string | undefined, { reason, ...choice }: PlaceOptions) =>
      onPlaces(program, {
        name,
        choice,
        act: async (client, { host: on, device }) => client.unbookHost(on, { reason, device }),
        textOf: bookingsText,
      }),
  );
};

const bookingsText = ({ host, booking, devices }: HostBookings): string =>
  placesText(
    {
      host,
      whole: booking && bookingText(booking),
      devices: devices.map(({ device, booking: of }) => ({ device, text: bookingText(of) })),
    },
    'is booked for nobody',
  );
