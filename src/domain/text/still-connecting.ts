/** Why nothing of a device class moves while hosts may still turn out to have it. */
const NAMED_MAX = 3;

/** "no connected host has the device class cpu: host local is still connecting, its devices are not known yet". `hosts`: at least one. */
export const stillConnecting = (device: string, hosts: readonly string[]): string => {
  const more = hosts.length > NAMED_MAX ? ` and ${hosts.length - NAMED_MAX} more` : '';
  const names = `${hosts.slice(0, NAMED_MAX).join(', ')}${more}`;
  const words =
    hosts.length === 1
      ? `host ${names} is still connecting, its devices are not known yet`
      : `hosts ${names} are still connecting, their devices are not known yet`;
  return `no connected host has the device class ${device}: ${words}`;
};
