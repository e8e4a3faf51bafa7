/** The fleet as far as it matters to one candidate. */
import { deviceClassOf } from '../../domain/device.ts';
import { deviceStateText } from '../../domain/hosts/device-state.ts';
import type { DeviceId } from '../../domain/ids.ts';
import type { ActiveCandidate } from '../active-candidates.ts';
import { quarantineText } from '../canaries/quarantine.ts';
import { bookingOf, connectedTo, type HostState, labelsOf, languagesOfHost, reasonOf, whyNoWork } from '../host-state.ts';
import type { WhySlice } from '../state.ts';
import type { WhyCompile, WhyHost } from './view.ts';

export const hostsOf = ({ hosts }: WhySlice): readonly WhyHost[] => [...hosts.values()].map(hostOf);

const hostOf = (host: HostState): WhyHost => ({
  name: host.session.hostId,
  state: host.connection.state,
  reason: reasonOf(host),
  labels: labelsOf(host),
  languages: host.inventory && languagesOfHost(host),
  devices: host.devices.map((device) => {
    const quarantine = host.canaries.quarantines.get(device.id);
    return {
      id: device.id,
      class: deviceClassOf(device),
      model: device.model,
      unavailable: whyNoWork(host, device),
      quarantine: quarantine ? quarantineText(quarantine) : null,
      booking: bookingOf(host, device.id),
      condition: conditionText(host, device.id),
    };
  }),
});

/** Of one that takes work all the same; null where it is healthy. */
const conditionText = ({ states }: HostState, id: DeviceId): string | null => {
  const condition = states.get(id);
  return condition ? deviceStateText(condition) : null;
};

/** Null unless a host was asked. What is asked of a host is answered in its order, as many at once as it has slots. */
export const compileOf = (state: WhySlice, { stage }: ActiveCandidate): WhyCompile | null => {
  if (stage.name !== 'compiling' || !stage.job) return null;
  const { asked, hostId } = stage.job;
  const host = state.hosts.get(asked?.hostId ?? hostId);
  if (!host) return null;
  const order = [...(connectedTo(host)?.asked.keys() ?? [])];
  return {
    host: host.session.hostId,
    forHost: hostId,
    isTransfer: asked === null,
    before: asked === null ? 0 : Math.max(0, order.indexOf(asked.compileId)),
    slots: host.inventory?.compileSlots ?? 1,
    sinceMs: state.monotonicMs() - stage.sinceMs,
  };
};
