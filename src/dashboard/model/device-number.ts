/** Devices of one host and class are told apart by their number there, in the fleet's order. */
import type { DeviceView, HostView } from '../../domain/api/fleet.ts';

/** " 3"; empty where the host has one of the class. */
export const deviceNumber = ({ devices }: Pick<HostView, 'devices'>, { id, class: deviceClass }: DeviceView): string => {
  const alike = devices.filter((other) => other.class === deviceClass).map((other) => other.id);
  return alike.length > 1 ? ` ${alike.indexOf(id)}` : '';
};
