/**
 * The circuit breaker of quarantines: open for a class of which more than half would be out. Then the evidence is as likely wrong as the devices are (a
 * problem that was changed, a driver that was updated everywhere), and emptying the fleet is for a person to decide.
 *
 * A class on one host alone has none: there is nothing that it could be compared with, and a device that computes wrongly would go on.
 */
import type { Device } from './state.ts';

/** Would one more be too many? */
export const isBreakerOpen = ({ pool }: Device): boolean => {
  const devices = [...(pool?.class.pools ?? [])].filter(({ host }) => host.up).flatMap((each) => [...each.devices]);
  const hosts = new Set(devices.map(({ host }) => host));
  if (hosts.size < 2) return false;
  const out = devices.filter(({ trust }) => trust.quarantine !== null).length;
  return 2 * (out + 1) > devices.length;
};
