/** What this machine is called by its own programs: asked of bind addresses, of `Host` headers and of peers alike. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

const LOOPBACK = new BlockList();
// Also as IPv6: ::ffff:127.0.0.1, in any notation.
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** For an address or a name, with or without brackets and port. Names under .localhost never leave the machine (RFC 6761). */
export const isLoopback = (authority: string): boolean => {
  const name = hostNameOf(authority);
  if (isIPv4(name)) return LOOPBACK.check(name, 'ipv4');
  if (isIPv6(name)) return LOOPBACK.check(name, 'ipv6');
  return name === 'localhost' || /^[a-z0-9.-]+\.localhost$/.test(name);
};

/** "[::1]:7070" -> "::1", "LocalHost.:80" -> "localhost". */
export const hostNameOf = (authority: string): string => {
  const text = authority.toLowerCase();
  if (isIPv6(text)) return text;
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1];
  if (bracketed !== undefined) return isIPv6(bracketed) ? bracketed : text;
  return text.replace(/:\d+$/, '').replace(/\.$/, '');
};
