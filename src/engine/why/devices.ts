/** Of each device that could take a candidate, what keeps it from that now. Pure. */
import type { WhyCode, WhyDevice } from '../../domain/api/why.ts';
import { bookedText } from '../../domain/hosts/booking.ts';
import { isEnvironmentLabel, isJudgingLabel } from '../../domain/hosts/environment-label.ts';
import type { PoolDevice, PoolView } from '../../scheduler/task-view.ts';
import type { WhyHost, WhyHostDevice, WhyView } from './view.ts';

/** Why not, in the order in which the conditions are asked; `null`: it is in its turn. */
export interface Hindrance {
  readonly code: WhyCode;
  readonly reason: string;
}

export interface JudgedDevice extends WhyDevice {
  readonly hindrance: Hindrance | null;
}

/** Devices of its class, then hosts that have not told what they have. */
export const devicesFor = (view: WhyView): readonly JudgedDevice[] => [
  ...view.hosts.flatMap((host) =>
    host.devices.filter((device) => device.class === view.candidate.device).map((device) => judgedDevice(view, host, device)),
  ),
  ...view.hosts.filter(({ languages }) => languages === null).map((host) => unknownHost(host)),
];

const judgedDevice = (view: WhyView, host: WhyHost, device: WhyHostDevice): JudgedDevice => {
  const found = hindranceOf(view, host, device);
  const base = { host: host.name, device: device.id, model: device.model, hindrance: found };
  if (found) return { ...base, can: 'no', reason: found.reason };
  const load = loadOf(view.pools, host, device);
  const isIdle = load === null || load.queued + Number(load.isRunning) === 0;
  const notes = [device.condition, device.booking && bookedText(device.booking)].flatMap((note) =>
    note ? [`; it is ${note}`] : [],
  );
  return { ...base, can: isIdle ? 'takes' : 'busy', reason: [isIdle ? 'it is idle' : busyText(load), ...notes].join('') };
};

const busyText = ({ queued, isRunning }: PoolDevice): string =>
  `${isRunning ? 'it judges one' : 'it begins with the next'}${queued > 0 ? `, ${queued} wait there` : ''}`;

const loadOf = (pools: readonly PoolView[], host: WhyHost, device: WhyHostDevice): PoolDevice | null =>
  pools
    .filter(({ hostId }) => hostId === host.name)
    .flatMap(({ devices }) => devices)
    .find(({ id }) => id === device.id) ?? null;

const unknownHost = (host: WhyHost): JudgedDevice => {
  const hindrance = awayOf(host) ?? { code: 'hosts_away' as const, reason: 'it has not told its devices yet' };
  return { host: host.name, device: null, model: null, can: 'no', reason: hindrance.reason, hindrance };
};

const hindranceOf = ({ candidate, task }: WhyView, host: WhyHost, device: WhyHostDevice): Hindrance | null => {
  const missing = candidate.labels.filter((label) => !host.labels.includes(label));
  const unjudged = missing.filter((label) => isJudgingLabel(label));
  if (unjudged.length > 0 && host.languages !== null) return { code: 'environment_missing', reason: cannotJudge(unjudged) };
  if (missing.length > 0) return { code: 'no_label', reason: lacks(missing) };
  const away = awayOf(host);
  if (away) return away;
  if (!host.languages?.includes(candidate.language))
    return {
      code: 'no_language',
      reason: `its host does not offer ${candidate.language} (it has no compiler for it: kiln doctor)`,
    };
  const model = task?.confirm?.model ?? null;
  if (model !== null && model !== device.model) return { code: 'no_model', reason: `it is to be confirmed on ${model}` };
  if (task?.excluded.some((hostId) => hostId === host.name))
    return { code: 'failed_everywhere', reason: 'its host failed it before' };
  const { booking = null } = device;
  if (booking !== null && booking.submitter !== candidate.submitter)
    return { code: 'booked', reason: `it is ${bookedText(booking)}` };
  return noWorkOf(host, device);
};

const noWorkOf = (host: WhyHost, device: WhyHostDevice): Hindrance | null => {
  if (device.quarantine !== null) return { code: 'quarantined', reason: device.quarantine };
  if (device.unavailable !== null) return { code: 'unavailable', reason: device.unavailable };
  return host.reason === null ? null : { code: 'unavailable', reason: host.reason };
};

const cannotJudge = (labels: readonly string[]): string =>
  `the problem's own reference or baseline is a program, and its host records none of ${labels.join(', ')}`;

/** Another version of an environment is another environment. */
const lacks = (labels: readonly string[]): string =>
  labels.some((label) => isEnvironmentLabel(label))
    ? `its host does not record programs of ${labels.join(', ')}: submit it again for an environment that is there`
    : `its host lacks the label ${labels.join(', ')}`;

const awayOf = ({ state, reason }: WhyHost): Hindrance | null => {
  switch (state) {
    case 'connected':
      return null;
    case 'connecting':
      return { code: 'hosts_away', reason: 'its host is being connected to' };
    case 'unreachable':
      return { code: 'hosts_away', reason: `its host is unreachable: ${reason ?? 'no reason was told'}` };
    case 'refused':
      return { code: 'hosts_away', reason: `its host is refused: ${reason ?? 'no reason was told'}` };
  }
};
