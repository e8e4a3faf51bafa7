/** What taking a host, or one device of it, from work does to what runs and waits there. Pure. */
import type { DeviceView, HostView } from '../../domain/api/fleet.ts';
import { counted } from './counted.ts';

/** In sentences. `deviceId` null: the whole host. */
export const holdEffects = (hosts: readonly HostView[], hostName: string, deviceId: string | null): readonly string[] => {
  const taken = (host: HostView, { id }: DeviceView): boolean => host.name === hostName && (deviceId === null || id === deviceId);
  const all = hosts.flatMap((host) => host.devices.map((device) => ({ device, isTaken: taken(host, device) })));
  const devices = all.flatMap(({ device, isTaken }) => (isTaken ? [device] : []));
  const running = devices.filter((device) => device.running !== null).length;
  const waiting = devices.reduce((sum, { queued }) => sum + queued, 0);
  const left = new Set(all.flatMap(({ device, isTaken }) => (isTaken || device.unavailable !== null ? [] : [device.class])));
  const bereft = [...new Set(devices.map((device) => device.class))].filter((name) => !left.has(name));
  return [
    running === 0 ? 'Nothing is judged there now.' : `${counted(running, 'judgement')} under way there will be finished.`,
    ...(waiting === 0 ? [] : [`${counted(waiting, 'candidate')} ready there will be judged elsewhere.`]),
    ...bereft.map((name) => `No other device of ${name} takes work: candidates for ${name} wait until one does.`),
    ...(deviceId === null && compiles(hosts, hostName) ? ['It will compile for no other host.'] : []),
  ];
};

const compiles = (hosts: readonly HostView[], hostName: string): boolean =>
  (hosts.find(({ name }) => name === hostName)?.compilesFor.length ?? 0) > 0;
