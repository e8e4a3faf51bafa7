/** `kiln host cordon|drain|quarantine|resume|clear`: whether a host, or one device of it, takes work. */
import type { Command } from 'commander';
import { holdText } from '../../../domain/hosts/hold.ts';
import type { Hold, HostHolds } from '../../../domain/hosts/hold.ts';
import { onPlaces, type PlaceOptions, placesCommand, placesText } from '../../hosts/places.ts';

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

export const addHostHolds = (program: Command, host: Command): void => {
  for (const { name: verb, state, description } of VERBS)
    placesCommand(host, verb, description).action(async (name: string | undefined, { reason, ...choice }: PlaceOptions) =>
      onPlaces(program, {
        name,
        choice,
        act: async (client, { host: on, device }) =>
          state === null ? client.releaseHost(on, { reason, device }) : client.holdHost(on, { state, reason, device }),
        textOf: holdsText,
      }),
    );
};

const holdsText = ({ host, hold, devices }: HostHolds): string =>
  placesText(
    {
      host,
      whole: hold && holdText(hold),
      devices: devices.map(({ device, hold: of }) => ({ device, text: holdText(of) })),
    },
    'takes work',
  );
