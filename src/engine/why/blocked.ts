/** Why no device can take a candidate as things are. Pure. */
import type { WhyCode } from '../../domain/api/why.ts';
import { stillConnecting } from '../../domain/text/still-connecting.ts';
import type { JudgedDevice } from './devices.ts';
import type { Cause } from './reasons.ts';
import type { WhyView } from './view.ts';

/** As they are asked: the last that some device meets is what all wait for. */
const ORDER: readonly WhyCode[] = [
  'no_label',
  'environment_missing',
  'hosts_away',
  'no_language',
  'no_model',
  'failed_everywhere',
  'booked',
  'quarantined',
  'unavailable',
];

const TODO: Readonly<Partial<Record<WhyCode, string>>> = {
  no_label: 'give a host these labels in the fleet file, or submit it without',
  environment_missing:
    'install PyTorch on a host with such a device, or name its Python in the fleet file; kiln doctor says what is missing',
  hosts_away: 'kiln fleet says how they are reached, kiln doctor what is wrong there',
  no_language: 'install what kiln doctor names, then kiln fleet refresh',
  no_model: 'bring a host with that model back; after a while it ends unconfirmed',
  booked: 'it goes on when the booking ends; kiln host unbook ends it before its time',
  quarantined: 'repair the host; it comes back when a known-good candidate passes, or by kiln fleet resume HOST',
  unavailable: 'kiln fleet shows it; it comes back by itself when that ends',
};

const CONNECTING_TODO = 'nothing, if they come within a minute; kiln fleet shows how far they are';

/** Null where some device can take it, now or in its turn. */
export const blockedBy = (view: WhyView, devices: readonly JudgedDevice[]): Cause | null => {
  if (devices.some(({ hindrance }) => hindrance === null)) return null;
  const { device } = view.candidate;
  const ofClass = devices.filter((one) => one.device !== null);
  const [away] = devices;
  const connecting = view.hosts.filter(({ state, languages }) => state === 'connecting' && languages === null);
  if (ofClass.length === 0 && connecting.length > 0) {
    const summary = stillConnecting(
      device,
      connecting.map(({ name }) => name),
    );
    return { code: 'hosts_away', summary, todo: CONNECTING_TODO };
  }
  if (ofClass.length === 0 && away) {
    const summary = `no connected host has the device class ${device}; ${away.host} has not told its devices: ${away.reason}`;
    return { code: 'hosts_away', summary, todo: TODO.hosts_away ?? null };
  }
  if (ofClass.length === 0) return noHost(view);
  const code = ORDER.findLast((one) => ofClass.some(({ hindrance }) => hindrance?.code === one)) ?? 'unavailable';
  const [first, ...others] = ofClass.filter(({ hindrance }) => hindrance?.code === code);
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  const summary = `no device of ${device} can take it now: ${first?.host ?? ''}${more}: ${first?.reason ?? ''}`;
  return { code, summary, todo: TODO[code] ?? null };
};

const noHost = ({ candidate, classes }: WhyView): Cause => ({
  code: 'no_host_of_class',
  summary: `no host of the fleet has the device class ${candidate.device}; it has ${classes.join(', ') || 'none yet'}`,
  todo: `add a host with ${candidate.device} to the fleet file, or cancel it and submit it for another class`,
});
